//! What an answer is made of, in whichever form it is told.

use serde::Deserialize;

use super::{Wrong, answer_text::Told, text_format::Form, tools::ToolCall};

/// Tokens of what is thought, where nothing says how much is to be.
const USUAL_THOUGHT: i64 = 16;
/// Most tokens of what is thought.
const LONGEST_THOUGHT: i64 = 64;

/// What an answer is asked to be.
#[derive(Debug, Default)]
pub(super) struct Wanted {
    pub(super) call: Option<ToolCall>,
    pub(super) form: Form,
    /// How many tokens may be thought, where anything is to be.
    pub(super) thinks: Option<i64>,
    /// Most tokens of all of it.
    pub(super) most: i64,
    /// What it ends before.
    pub(super) stops: Vec<String>,
}

#[derive(Clone, Debug)]
pub(super) struct Reply {
    pub(super) thought: Option<Told>,
    pub(super) said: Said,
}

#[derive(Clone, Debug)]
pub(super) enum Said {
    Words(Told),
    Call(ToolCall),
}

impl Reply {
    /// What follows from `seed`: the same thing each time.
    pub(super) fn new(seed: u64, wanted: &Wanted) -> Result<Self, Wrong> {
        let thought = wanted.thinks.map(|most| Told::new(!seed, most.min(LONGEST_THOUGHT).min(wanted.most)));
        let left = wanted.most - thought.as_ref().map_or(0, Told::tokens);
        let said = match &wanted.call {
            Some(call) if call.tokens() <= left => Said::Call(call.clone()),
            // Half a call is none.
            Some(_) => Said::Words(Told { is_cut: true, ..Told::default() }),
            None => {
                let mut told = wanted.form.told(seed, left)?;
                told.stop_before(&wanted.stops);
                Said::Words(told)
            }
        };
        Ok(Self { thought, said })
    }

    /// Words alone, as of an answer of which only the seed is known.
    pub(super) fn words(seed: u64, most: i64) -> Self {
        Self { thought: None, said: Said::Words(Told::new(seed, most)) }
    }

    pub(super) fn call(&self) -> Option<&ToolCall> {
        match &self.said {
            Said::Call(call) => Some(call),
            Said::Words(_) => None,
        }
    }

    pub(super) fn told(&self) -> Option<&Told> {
        match &self.said {
            Said::Words(told) => Some(told),
            Said::Call(_) => None,
        }
    }

    /// Whether it ends where it must.
    pub(super) fn is_cut(&self) -> bool {
        self.told().is_some_and(|told| told.is_cut)
    }

    pub(super) fn thought_tokens(&self) -> i64 {
        self.thought.as_ref().map_or(0, Told::tokens)
    }

    /// All of it, with what was thought.
    pub(super) fn tokens(&self) -> i64 {
        self.thought_tokens()
            + match &self.said {
                Said::Words(told) => told.tokens(),
                Said::Call(call) => call.tokens(),
            }
    }
}

/// Texts that an answer ends before.
#[derive(Default, Deserialize)]
#[serde(untagged)]
pub(super) enum Stops {
    #[default]
    None,
    One(String),
    Many(Vec<String>),
}

impl Stops {
    pub(super) fn all(&self) -> Vec<String> {
        match self {
            Self::None => Vec::new(),
            Self::One(stop) => vec![stop.clone()],
            Self::Many(stops) => stops.clone(),
        }
    }
}

/// How much is thought at an effort, in tokens; `None` where that is nothing.
pub(super) fn effort(effort: Option<&str>) -> Option<i64> {
    match effort {
        Some("none") => None,
        Some("minimal") => Some(4),
        Some("low") => Some(8),
        Some("high") => Some(32),
        Some("xhigh" | "max") => Some(LONGEST_THOUGHT),
        _ => Some(USUAL_THOUGHT),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn thoughts_count_within_the_limit() {
        let wanted = |most| Wanted { thinks: effort(Some("low")), most, ..Wanted::default() };
        let reply = Reply::new(7, &wanted(1_000)).ok().unwrap();
        assert!((1..=8).contains(&reply.thought_tokens()) && reply.tokens() > reply.thought_tokens());
        let short = Reply::new(7, &wanted(12)).ok().unwrap();
        assert!(short.is_cut() && short.tokens() <= 12);
        let none = Reply::new(7, &wanted(1)).ok().unwrap();
        assert_eq!((none.tokens() <= 1, none.is_cut()), (true, true));
        assert_eq!(effort(Some("none")), None);
    }

    #[test]
    fn a_call_that_would_be_too_long_isnt_made() {
        let call = ToolCall { name: "f".to_owned(), arguments: "{\"a\":1}".to_owned(), is_custom: false };
        let wanted = |most| Wanted { call: Some(call.clone()), most, ..Wanted::default() };
        assert!(Reply::new(7, &wanted(3)).ok().unwrap().call().is_some());
        let cut = Reply::new(7, &wanted(2)).ok().unwrap();
        assert!(cut.call().is_none() && cut.is_cut() && cut.tokens() == 0);
    }
}
