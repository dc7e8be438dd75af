//! User agents of clients, cleaned for storage and display.

use std::borrow::Cow;

use domain::{api_keys::Secret, validation::canonical::is_hidden};

/// Maximum length of a stored user agent, in characters.
const MAX_LENGTH: usize = 100;

/// Removes control characters, invisible ones and secrets, and cuts to [`MAX_LENGTH`]; borrows if nothing changes.
pub(super) fn clean(agent: &str) -> Cow<'_, str> {
    let agent = agent.trim();
    if agent.len() <= MAX_LENGTH && !agent.chars().any(is_hidden) && !Secret::could_be_in(agent) {
        return Cow::Borrowed(agent);
    }
    let visible: String = agent.chars().filter(|letter| !is_hidden(*letter)).collect();
    // Masked before it is cut, since half a secret isn't recognized.
    Cow::Owned(Secret::redact_cut(&visible).chars().take(MAX_LENGTH).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn agents_are_cleaned_and_cut() {
        assert!(matches!(clean("OpenAI/Python 2.8.0"), Cow::Borrowed("OpenAI/Python 2.8.0")));
        assert_eq!(clean(" a\r\nSet-Cookie: b\0\u{1b}[31m "), "aSet-Cookie: b[31m");
        assert_eq!(clean("evil\u{202e}/1.0 \u{200b}\u{2066}x"), "evil/1.0 x");
        assert_eq!(clean(&"é".repeat(200)), "é".repeat(100));
        let secret = "toll_std_000000000000000000000000000000002tlumi";
        let cut = format!("a {}", &secret[..40]);
        for agent in [
            &format!("curl {secret}"),
            &format!("{}{secret}", "x".repeat(80)),
            &cut,
            &secret.replace("_std", "_\u{1}std"),
        ] {
            assert!(!clean(agent).contains("0000"), "{agent:?} {}", clean(agent));
        }
    }
}
