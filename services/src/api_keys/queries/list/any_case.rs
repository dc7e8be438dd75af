//! Finds text in any case, on both databases alike, where it isn't folded yet.
//!
//! Their own case folding knows ASCII only (SQLite), or follows the server's locale (PostgreSQL). Both can
//! compare a character with a set of characters, and these sets are built here.

use sea_orm::DbBackend;

/// The operator that compares text with a [`pattern`].
pub(super) const fn operator(backend: DbBackend) -> &'static str {
    match backend {
        DbBackend::Postgres => "~",
        _ => "GLOB",
    }
}

/// Builds the pattern of all texts that contain `search`: for `~` on PostgreSQL, for `GLOB` on SQLite.
pub(super) fn pattern(search: &str, backend: DbBackend) -> String {
    let postgres = backend == DbBackend::Postgres;
    let mut pattern = String::new();
    for letter in search.chars() {
        let cases = cases(letter);
        if cases.len() > 1 {
            pattern.push('[');
            pattern.extend(cases);
            pattern.push(']');
        } else if postgres && letter.is_ascii_punctuation() {
            pattern.extend(['\\', letter]);
        } else if !postgres && "*?[".contains(letter) {
            pattern.extend(['[', letter, ']']);
        } else {
            pattern.push(letter);
        }
    }
    if postgres { pattern } else { format!("*{pattern}*") }
}

/// Returns a letter in its cases: itself, upper and lower case. A case of several letters is left out.
fn cases(letter: char) -> Vec<char> {
    let (upper, lower) = (single(letter.to_uppercase(), letter), single(letter.to_lowercase(), letter));
    // Some lower-case letters share an upper case, such as both sigmas.
    let mut cases =
        vec![letter, upper, lower, single(upper.to_lowercase(), upper), single(lower.to_uppercase(), lower)];
    cases.sort_unstable();
    cases.dedup();
    cases
}

fn single(mut letters: impl Iterator<Item = char>, otherwise: char) -> char {
    match (letters.next(), letters.next()) {
        (Some(only), None) => only,
        _ => otherwise,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn letters_are_sets_and_signs_are_themselves() {
        assert_eq!(pattern("aÖ1", DbBackend::Sqlite), "*[Aa][Öö]1*");
        assert_eq!(pattern("aÖ1", DbBackend::Postgres), "[Aa][Öö]1");
        assert_eq!(pattern("*?[]", DbBackend::Sqlite), "*[*][?][[]]*");
        assert_eq!(pattern(r"a.*\]", DbBackend::Postgres), r"[Aa]\.\*\\\]");
        assert_eq!(pattern("ß", DbBackend::Sqlite), "*ß*");
        assert_eq!(cases('ς'), ['Σ', 'ς', 'σ']);
    }
}
