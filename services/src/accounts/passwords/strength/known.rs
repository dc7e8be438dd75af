//! What somebody who guesses knows: of the password's owner, and what many people choose in many languages.

use std::sync::LazyLock;

use super::forms::{digraphs, latin, on_qwerty};

/// Words that are common in passwords and that zxcvbn, which knows English, doesn't know; and sentences that are known to
/// everybody, with spaces. One a line, as people write them.
const COMMON: &str = include_str!("../common.txt");
/// Common words that are too short to be found by zxcvbn between others.
pub(super) const SHORT: &[&str] = &[
    "a", "all", "am", "an", "and", "any", "are", "art", "as", "at", "baby", "bad", "be", "bee", "best", "big", "boy",
    "bug", "but", "by", "bye", "can", "car", "cat", "cool", "dad", "day", "do", "dog", "ever", "for", "fox", "from",
    "fun", "get", "girl", "go", "god", "good", "had", "has", "have", "he", "her", "hi", "him", "his", "home", "hot",
    "how", "i", "ice", "if", "in", "is", "it", "its", "joy", "just", "know", "let", "life", "like", "love", "may",
    "me", "mine", "mom", "more", "my", "need", "never", "new", "nice", "no", "not", "now", "of", "oh", "ok", "old",
    "on", "one", "only", "or", "our", "out", "pet", "pig", "red", "sea", "see", "sex", "sky", "so", "sun", "that",
    "the", "they", "this", "time", "to", "too", "top", "two", "up", "us", "use", "very", "want", "war", "was", "way",
    "we", "what", "when", "who", "will", "win", "with", "work", "yes", "you", "your",
];
/// Shortest part of a name that is a word of its own, in characters.
const SHORTEST: usize = 3;
/// How many letters beside a sentence's words still make the sentence.
const STRAY_LETTERS: usize = 3;

static WORDS: LazyLock<Vec<String>> = LazyLock::new(|| {
    let mut words = Vec::new();
    COMMON.lines().for_each(|line| add(&mut words, line));
    words
});

static PHRASES: LazyLock<Vec<Phrase>> =
    LazyLock::new(|| COMMON.lines().filter(|line| line.contains(' ')).flat_map(Phrase::spellings).collect());

/// Words for a password's owner and their organization, before those that are common.
pub(super) struct Known(Vec<String>);

impl Known {
    /// `about` is the owner's name, address and the like.
    pub(super) fn about(about: &[String]) -> Self {
        let mut words = Vec::new();
        for text in about.iter().map(String::as_str).chain(["tollhouse"]) {
            add(&mut words, text);
            // The parts too, since nobody's password is their whole address.
            for part in text.split(|c: char| !c.is_alphanumeric()).filter(|part| part.chars().count() >= SHORTEST) {
                add(&mut words, part);
            }
        }
        Self(words)
    }

    /// The likeliest first.
    pub(super) fn words(&self) -> Vec<&str> {
        self.0.iter().chain(&*WORDS).map(String::as_str).collect()
    }
}

/// Adds a text in lower case, and its letters and digits alone, in Latin too, and as typed on a Latin keyboard.
fn add(words: &mut Vec<String>, text: &str) {
    let plain = text.to_lowercase();
    let bare = |text: &str| text.chars().filter(|c| c.is_alphanumeric()).collect::<String>();
    let readings = [plain.clone(), latin(&plain), latin(&digraphs(&plain)), on_qwerty(&plain)];
    for word in readings.iter().map(|reading| bare(reading)).chain([plain]) {
        if !word.is_empty() && !words.contains(&word) {
            words.push(word);
        }
    }
}

/// Sentences that are known to everybody.
pub(super) fn phrases() -> &'static [Phrase] {
    &PHRASES
}

/// A sentence, by its words.
pub(super) struct Phrase(Vec<Vec<char>>);

impl Phrase {
    /// As it is written, and in Latin letters.
    fn spellings(line: &str) -> [Self; 2] {
        let of = |line: &str| Self(line.split(' ').map(|word| word.chars().collect()).collect());
        [of(line), of(&latin(line))]
    }

    /// How many of these letters are left where two or more of the sentence's words are taken out, in whatever order;
    /// `None` where more are left than stray.
    pub(super) fn left_of(&self, letters: &[char]) -> Option<usize> {
        // For each beginning of the letters the fewest that are left of it, and how many words were taken.
        let mut fewest = vec![(0, 0)];
        for end in 1..=letters.len() {
            let mut best = fewest.last().map_or((end, 0), |(left, taken)| (left + 1, *taken));
            for word in self.0.iter().filter(|word| letters[..end].ends_with(word)) {
                if let Some((left, taken)) = fewest.get(end - word.len())
                    && *left < best.0
                {
                    best = (*left, taken + 1);
                }
            }
            fewest.push(best);
        }
        fewest.pop().filter(|(left, taken)| *left <= STRAY_LETTERS && *taken > 1).map(|(left, _)| left)
    }
}
