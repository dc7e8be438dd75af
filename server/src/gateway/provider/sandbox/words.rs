//! What the sandbox says: words that follow from the question.

use super::tokens;

/// Longest answer, in words, before anything limits it.
const LONGEST: u64 = 48;

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
pub(super) struct Told {
    pub(super) words: Vec<String>,
    /// Whether it ends where it must, and not where it would.
    pub(super) is_cut: bool,
}

impl Told {
    pub(super) fn new(seed: u64, most_tokens: i64) -> Self {
        let length = 8 + seed % (LONGEST - 8);
        let mut state = seed;
        let mut words: Vec<String> = Vec::new();
        let mut text = String::new();
        for position in 0..length {
            // SplitMix64's step: a full-period sequence of well-mixed numbers.
            state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
            let mixed = (state ^ state >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
            let word = WORDS[usize::try_from(mixed >> 40).unwrap_or(0) % WORDS.len()];
            let mut word = if position == 0 { word.to_owned() } else { format!(" {word}") };
            if position + 1 == length {
                word.push('.');
            }
            text.push_str(&word);
            if tokens(&text) > most_tokens {
                return Self { words, is_cut: true };
            }
            words.push(word);
        }
        Self { words, is_cut: false }
    }

    pub(super) fn text(&self) -> String {
        self.words.concat()
    }

    pub(super) fn tokens(&self) -> i64 {
        tokens(&self.text())
    }
}
