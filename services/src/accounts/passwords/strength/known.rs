//! Words that an attacker knows: about the password's owner, and common choices in many languages.

use std::sync::LazyLock;

use super::forms::{to_latin, to_qwerty, with_digraphs};

/// Words that are common in passwords but unknown to zxcvbn, which knows English; and well-known sentences,
/// with spaces. One a line, as people write them.
const COMMON: &str = include_str!("../common.txt");
/// Common words that are too short for zxcvbn to find between others.
pub(super) const SHORT_WORDS: &[&str] = &[
    "a", "all", "am", "an", "and", "any", "are", "art", "as", "at", "baby", "bad", "be", "bee", "best", "big", "boy",
    "bug", "but", "by", "bye", "can", "car", "cat", "cool", "dad", "day", "do", "dog", "ever", "for", "fox", "from",
    "fun", "get", "girl", "go", "god", "good", "had", "has", "have", "he", "her", "hi", "him", "his", "home", "hot",
    "how", "i", "ice", "if", "in", "is", "it", "its", "joy", "just", "know", "let", "life", "like", "love", "may",
    "me", "mine", "mom", "more", "my", "need", "never", "new", "nice", "no", "not", "now", "of", "oh", "ok", "old",
    "on", "one", "only", "or", "our", "out", "pet", "pig", "red", "sea", "see", "sex", "sky", "so", "sun", "that",
    "the", "they", "this", "time", "to", "too", "top", "two", "up", "us", "use", "very", "want", "war", "was", "way",
    "we", "what", "when", "who", "will", "win", "with", "work", "yes", "you", "your",
];
/// Minimum length of a part of a name that is a word of its own, in characters.
const MIN_NAME_PART_LENGTH: usize = 3;
/// Maximum number of letters beside a sentence's words that still make the sentence.
const MAX_STRAY_LETTERS: usize = 3;

static WORDS: LazyLock<Vec<String>> = LazyLock::new(|| {
    let mut words = Vec::new();
    COMMON.lines().for_each(|line| add(&mut words, line));
    words
});

static PHRASES: LazyLock<Vec<Phrase>> =
    LazyLock::new(|| COMMON.lines().filter(|line| line.contains(' ')).flat_map(Phrase::spellings).collect());

/// Words about a password's owner and their organization, followed by common ones.
pub(super) struct KnownWords(Vec<String>);

impl KnownWords {
    /// `personal_words` are the owner's name, address and the like.
    pub(super) fn new(personal_words: &[String]) -> Self {
        let mut words = Vec::new();
        for text in personal_words.iter().map(String::as_str).chain(["tollhouse"]) {
            add(&mut words, text);
            // The parts too: few passwords contain a whole address.
            for part in
                text.split(|c: char| !c.is_alphanumeric()).filter(|part| part.chars().count() >= MIN_NAME_PART_LENGTH)
            {
                add(&mut words, part);
            }
        }
        Self(words)
    }

    /// All words, the likeliest first.
    pub(super) fn words(&self) -> Vec<&str> {
        self.0.iter().chain(&*WORDS).map(String::as_str).collect()
    }
}

/// Adds a text in lower case, and its letters and digits alone: as they are, in Latin, and as typed on a
/// Latin keyboard.
fn add(words: &mut Vec<String>, text: &str) {
    let plain = text.to_lowercase();
    let bare = |text: &str| text.chars().filter(|c| c.is_alphanumeric()).collect::<String>();
    let readings = [plain.clone(), to_latin(&plain), to_latin(&with_digraphs(&plain)), to_qwerty(&plain)];
    for word in readings.iter().map(|reading| bare(reading)).chain([plain]) {
        if !word.is_empty() && !words.contains(&word) {
            words.push(word);
        }
    }
}

/// Well-known sentences.
pub(super) fn phrases() -> &'static [Phrase] {
    &PHRASES
}

/// A sentence, split into words.
pub(super) struct Phrase(Vec<Vec<char>>);

impl Phrase {
    /// The sentence as written, and in Latin letters.
    fn spellings(line: &str) -> [Self; 2] {
        let of = |line: &str| Self(line.split(' ').map(|word| word.chars().collect()).collect());
        [of(line), of(&to_latin(line))]
    }

    /// Counts the letters that are left after taking out two or more of the sentence's words, in any order;
    /// `None` for more than [`MAX_STRAY_LETTERS`].
    pub(super) fn count_stray(&self, letters: &[char]) -> Option<usize> {
        // For each prefix of the letters the fewest that are left, and the number of words taken out.
        let mut fewest = vec![(0, 0)];
        for end in 1..=letters.len() {
            let mut best = fewest.last().map_or((end, 0), |(stray, used)| (stray + 1, *used));
            for word in self.0.iter().filter(|word| letters[..end].ends_with(word)) {
                if let Some((stray, used)) = fewest.get(end - word.len())
                    && *stray < best.0
                {
                    best = (*stray, used + 1);
                }
            }
            fewest.push(best);
        }
        fewest.pop().filter(|(stray, used)| *stray <= MAX_STRAY_LETTERS && *used > 1).map(|(stray, _)| stray)
    }
}
