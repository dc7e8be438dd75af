//! What clients call themselves, fit to be stored and shown.

use std::borrow::Cow;

use domain::api_keys::Secret;

/// Longest name that is kept, in characters.
const LONGEST: usize = 100;

/// The same without control characters and secrets, and cut to [`LONGEST`]; as it is where that changes nothing.
pub(super) fn clean(agent: &str) -> Cow<'_, str> {
    let agent = agent.trim();
    if agent.len() <= LONGEST && !agent.chars().any(char::is_control) && !Secret::may_be_in(agent) {
        return Cow::Borrowed(agent);
    }
    let seen: String = agent.chars().filter(|letter| !letter.is_control()).collect();
    // Masked before it is cut, since half a secret isn't known for one.
    Cow::Owned(Secret::redact_cut(&seen).chars().take(LONGEST).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn agents_are_cleaned_and_cut() {
        assert!(matches!(clean("OpenAI/Python 2.8.0"), Cow::Borrowed("OpenAI/Python 2.8.0")));
        assert_eq!(clean(" a\r\nSet-Cookie: b\0\u{1b}[31m "), "aSet-Cookie: b[31m");
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
