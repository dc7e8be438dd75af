//! The sandbox's texts: words that depend on the request, or a given text in pieces.

use crate::tokens::{tokens, tokens_of_bytes};

/// Longest answer without a limit, in words.
const MAX_WORDS: u64 = 48;
/// Size of the pieces of a given text, in bytes.
const PIECE_BYTES: usize = 12;

const WORDS: [&str; 24] = [
    "a",
    "barrier",
    "bridge",
    "call",
    "clear",
    "counts",
    "each",
    "every",
    "gate",
    "key",
    "keeps",
    "ledger",
    "lifts",
    "minute",
    "opens",
    "passes",
    "road",
    "small",
    "steady",
    "the",
    "toll",
    "traveller",
    "when",
    "with",
];

/// A text as words or pieces.
#[derive(Clone, Debug, Default)]
pub(super) struct AnswerText {
    pub(super) words: Vec<String>,
    /// Whether a token limit cut the text off.
    pub(super) is_cut: bool,
    /// The stop sequence that ended the text.
    pub(super) stopped_by: Option<String>,
}

impl AnswerText {
    pub(super) fn new(seed: u64, max_tokens: i64) -> Self {
        let length = 8 + seed % (MAX_WORDS - 8);
        let mut state = seed;
        let words = (0..length).map(|position| {
            // SplitMix64's step: a full-period sequence of well-mixed numbers.
            state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
            let mixed = (state ^ state >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
            let word = WORDS[usize::try_from(mixed >> 40).unwrap_or(0) % WORDS.len()];
            let mut word = if position == 0 { word.to_owned() } else { format!(" {word}") };
            if position + 1 == length {
                word.push('.');
            }
            word
        });
        Self::of(words, max_tokens)
    }

    /// Splits a given text into pieces.
    pub(super) fn text_in_pieces(text: &str, max_tokens: i64) -> Self {
        Self::of(pieces(text).map(str::to_owned), max_tokens)
    }

    fn of(all: impl Iterator<Item = String>, max_tokens: i64) -> Self {
        let mut words: Vec<String> = Vec::new();
        let mut bytes = 0;
        for word in all {
            bytes += word.len();
            if tokens_of_bytes(bytes) > max_tokens {
                return Self { words, is_cut: true, stopped_by: None };
            }
            words.push(word);
        }
        Self { words, is_cut: false, stopped_by: None }
    }

    /// Ends the text before the first of these stop sequences.
    pub(super) fn stop_before(&mut self, stops: &[String]) {
        let text = self.text();
        let found =
            stops.iter().filter(|stop| !stop.is_empty()).filter_map(|stop| Some((text.find(stop.as_str())?, stop)));
        let Some((mut remaining, stop)) = found.min_by_key(|(at, _)| *at) else { return };
        for word in &mut self.words {
            // The text and the stop sequence begin at a character boundary, so the rest of a word does.
            word.truncate(remaining);
            remaining -= word.len();
        }
        self.words.retain(|word| !word.is_empty());
        self.is_cut = false;
        self.stopped_by = Some(stop.clone());
    }

    pub(super) fn text(&self) -> String {
        self.words.concat()
    }

    pub(super) fn tokens(&self) -> i64 {
        tokens(&self.text())
    }
}

/// Splits `text` into pieces of about `PIECE_BYTES` bytes.
pub(super) fn pieces(text: &str) -> impl Iterator<Item = &str> {
    let mut rest = text;
    std::iter::from_fn(move || {
        let (piece, left) = rest.split_at(rest.ceil_char_boundary(PIECE_BYTES));
        rest = left;
        (!piece.is_empty()).then_some(piece)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_comes_in_pieces_and_ends_where_it_must() {
        let text = "{\"näme\":\"tøllhouse\",\"count\":12}";
        assert!(pieces(text).count() > 2);
        assert_eq!(AnswerText::text_in_pieces(text, 99).text(), text);
        let cut = AnswerText::text_in_pieces(text, 4);
        assert!(cut.is_cut && cut.tokens() <= 4 && text.starts_with(&cut.text()));
    }

    #[test]
    fn what_is_asked_to_stop_ends_before() {
        let mut answer = AnswerText::text_in_pieces("one gate, two gates, three", 99);
        answer.stop_before(&["three".to_owned(), " two".to_owned(), String::new()]);
        assert_eq!((answer.text().as_str(), answer.stopped_by.as_deref()), ("one gate,", Some(" two")));
        answer.stop_before(&["nowhere".to_owned()]);
        assert_eq!(answer.text(), "one gate,");
    }
}
