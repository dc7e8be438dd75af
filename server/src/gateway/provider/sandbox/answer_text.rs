//! What the sandbox says: words that follow from the question, or a text in pieces.

use super::tokens;

/// Longest answer, in words, before anything limits it.
const LONGEST: u64 = 48;
/// How long a piece of a text is that isn't words, in bytes.
const PIECE: usize = 12;

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

/// An answer, word by word.
#[derive(Clone, Debug, Default)]
pub(super) struct Told {
    pub(super) words: Vec<String>,
    /// Whether it ends where it must, and not where it would.
    pub(super) is_cut: bool,
    /// What it ends before, since it was asked to.
    pub(super) stopped_by: Option<String>,
}

impl Told {
    pub(super) fn new(seed: u64, most_tokens: i64) -> Self {
        let length = 8 + seed % (LONGEST - 8);
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
        Self::of(words, most_tokens)
    }

    /// A text that must be this one.
    pub(super) fn text_in_pieces(text: &str, most_tokens: i64) -> Self {
        Self::of(pieces(text).map(str::to_owned), most_tokens)
    }

    fn of(all: impl Iterator<Item = String>, most_tokens: i64) -> Self {
        let mut words: Vec<String> = Vec::new();
        let mut bytes = 0;
        for word in all {
            bytes += word.len();
            if crate::gateway::provider::sandbox::tokens_of_bytes(bytes) > most_tokens {
                return Self { words, is_cut: true, stopped_by: None };
            }
            words.push(word);
        }
        Self { words, is_cut: false, stopped_by: None }
    }

    /// Ends before the first of these texts that is in it.
    pub(super) fn stop_before(&mut self, stops: &[String]) {
        let text = self.text();
        let found =
            stops.iter().filter(|stop| !stop.is_empty()).filter_map(|stop| Some((text.find(stop.as_str())?, stop)));
        let Some((mut left, stop)) = found.min_by_key(|(at, _)| *at) else { return };
        for word in &mut self.words {
            // Both begin at a character, so the rest of a word does.
            word.truncate(left);
            left -= word.len();
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

/// `text` in pieces of about `PIECE` bytes.
pub(super) fn pieces(text: &str) -> impl Iterator<Item = &str> {
    let mut rest = text;
    std::iter::from_fn(move || {
        let (piece, left) = rest.split_at(rest.ceil_char_boundary(PIECE));
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
        assert_eq!(Told::text_in_pieces(text, 99).text(), text);
        let cut = Told::text_in_pieces(text, 4);
        assert!(cut.is_cut && cut.tokens() <= 4 && text.starts_with(&cut.text()));
    }

    #[test]
    fn what_is_asked_to_stop_ends_before() {
        let mut told = Told::text_in_pieces("one gate, two gates, three", 99);
        told.stop_before(&["three".to_owned(), " two".to_owned(), String::new()]);
        assert_eq!((told.text().as_str(), told.stopped_by.as_deref()), ("one gate,", Some(" two")));
        told.stop_before(&["nowhere".to_owned()]);
        assert_eq!(told.text(), "one gate,");
    }
}
