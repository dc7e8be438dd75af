//! Chat completions, in the form of OpenAI's API reference.
//!
//! Nothing is kept: a completion's id holds what it follows from, so that every server can give it again, at any time.

mod forms;

use serde::Deserialize;
use serde_json::{Value, json as value};

use self::forms::Whole;
use super::{Answer, Question, Wrong, fingerprint, json, tokens, tools::ToolCall, words::Told};
use crate::gateway::endpoint::Verb;

/// Most answers to one question.
const MOST_CHOICES: u32 = 8;
/// Tokens that each message takes besides its text, as OpenAI counts them too.
const TOKENS_PER_MESSAGE: i64 = 3;
/// The model that a completion which is asked for again says it is of.
const MODEL: &str = "sandbox-1";

#[derive(Deserialize)]
struct Asked {
    model: String,
    messages: Vec<Message>,
    stream: Option<bool>,
    stream_options: Option<StreamOptions>,
    max_tokens: Option<i64>,
    max_completion_tokens: Option<i64>,
    n: Option<u32>,
    #[serde(default)]
    tools: Value,
    #[serde(default)]
    tool_choice: Value,
}

#[derive(Deserialize)]
struct StreamOptions {
    include_usage: Option<bool>,
}

#[derive(Deserialize)]
struct Message {
    role: String,
    content: Option<Content>,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum Content {
    Text(String),
    Parts(Vec<Part>),
}

#[derive(Deserialize)]
struct Part {
    text: Option<String>,
}

impl Message {
    fn text(&self) -> String {
        match &self.content {
            None => String::new(),
            Some(Content::Text(text)) => text.clone(),
            Some(Content::Parts(parts)) => parts.iter().filter_map(|part| part.text.as_deref()).collect(),
        }
    }
}

pub(super) fn answer(asked: &Question<'_>) -> Answer {
    let question: Asked = asked.input.parse()?;
    let Some(last) = question.messages.last() else {
        return Err(Wrong::about("messages", "`messages` must hold at least one message."));
    };
    let most = question.max_completion_tokens.or(question.max_tokens).unwrap_or(i64::from(u32::MAX));
    if most < 1 {
        return Err(Wrong::about("max_completion_tokens", "`max_completion_tokens` must be at least 1."));
    }
    let choices = question.n.unwrap_or(1);
    if !(1..=MOST_CHOICES).contains(&choices) {
        return Err(Wrong::about("n", format!("`n` must be 1 to {MOST_CHOICES}.")));
    }
    let hash = question.messages.iter().fold(fingerprint(last.text().as_bytes()), |hash, message| {
        hash.rotate_left(7) ^ fingerprint(format!("{}:{}", message.role, message.text()).as_bytes())
    });
    let prompt: i64 = question.messages.iter().map(|message| tokens(&message.text()) + TOKENS_PER_MESSAGE).sum();
    let seed = Seed { hash, prompt, most, choices };
    let tool = ToolCall::wanted(&question.tools, &question.tool_choice, &last.text());
    let (id, told) = (seed.id(), seed.told());
    let answer = Whole { id: &id, model: &question.model, told: &told, tool: tool.as_ref() };
    let usage = asked.reports.then(|| answer.usage(prompt));
    let wants_usage = question.stream_options.and_then(|options| options.include_usage) == Some(true);
    Ok(match question.stream {
        Some(true) => answer.stream(usage.filter(|_| wants_usage)),
        _ => answer.whole(usage, None),
    })
}

/// A completion that was stored: told or deleted again, or with other metadata. Tools that it called aren't known any more.
pub(super) fn stored(verb: Verb, path: &str, asked: &Question<'_>) -> Answer {
    let seed = Seed::of(asked.id)?;
    let metadata = match verb {
        Verb::Delete => {
            return Ok(json(&value!({"id": asked.id, "object": "chat.completion.deleted", "deleted": true})));
        }
        Verb::Get if path.ends_with("/messages") => {
            let none = value!({"object": "list", "data": [], "first_id": null, "last_id": null, "has_more": false});
            return Ok(json(&none));
        }
        Verb::Get => value!({}),
        Verb::Post => asked.input.parse::<Changed>()?.metadata,
    };
    let told = seed.told();
    let answer = Whole { id: asked.id, model: MODEL, told: &told, tool: None };
    Ok(answer.whole(asked.reports.then(|| answer.usage(seed.prompt)), Some(&metadata)))
}

#[derive(Deserialize)]
struct Changed {
    metadata: Value,
}

/// What an answer follows from.
struct Seed {
    hash: u64,
    /// Tokens of the question.
    prompt: i64,
    /// Most tokens of each choice.
    most: i64,
    choices: u32,
}

impl Seed {
    fn id(&self) -> String {
        format!("chatcmpl-sandbox_{:x}_{:x}_{:x}_{:x}", self.hash, self.prompt, self.most, self.choices)
    }

    fn of(id: &str) -> Result<Self, Wrong> {
        let mut parts = id.strip_prefix("chatcmpl-sandbox_").unwrap_or_default().split('_');
        let mut part = || u64::from_str_radix(parts.next()?, 16).ok();
        let found = (|| {
            let (hash, prompt, most, choices) = (part()?, part()?, part()?, part()?);
            let choices = u32::try_from(choices).ok().filter(|choices| *choices <= MOST_CHOICES)?;
            Some(Self { hash, prompt: i64::try_from(prompt).ok()?, most: i64::try_from(most).ok()?, choices })
        })();
        found.ok_or_else(Wrong::not_found)
    }

    fn told(&self) -> Vec<Told> {
        (0..self.choices).map(|index| Told::new(self.hash.wrapping_add(index.into()), self.most)).collect()
    }
}
