//! What clients call themselves, fit to be stored and shown.

use std::borrow::Cow;

/// Longest name that is kept, in characters.
const LONGEST: usize = 100;

/// The same without control characters and cut to [`LONGEST`]; as it is where that changes nothing.
pub(super) fn clean(agent: &str) -> Cow<'_, str> {
    let agent = agent.trim();
    if agent.len() <= LONGEST && !agent.chars().any(char::is_control) {
        return Cow::Borrowed(agent);
    }
    Cow::Owned(agent.chars().filter(|letter| !letter.is_control()).take(LONGEST).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn agents_are_cleaned_and_cut() {
        assert!(matches!(clean("OpenAI/Python 2.8.0"), Cow::Borrowed("OpenAI/Python 2.8.0")));
        assert_eq!(clean(" a\r\nSet-Cookie: b\0\u{1b}[31m "), "aSet-Cookie: b[31m");
        assert_eq!(clean(&"é".repeat(200)), "é".repeat(100));
    }
}
