//! Checks of single values, used by every input type on server and dashboard.

#[cfg(not(target_arch = "wasm32"))]
pub mod canonical;

/// Maximum length of a name, in characters.
pub const NAME_LENGTH: usize = 80;
/// Maximum length of a description, in characters.
pub const DESCRIPTION_LENGTH: usize = 500;
/// Maximum length of a mail address, in bytes (RFC 5321, section 4.5.3.1.3).
pub const EMAIL_LENGTH: usize = 254;
/// Allowed lengths of a password, in characters (OWASP ASVS 5.0, 6.2.1 and 6.2.9).
pub const PASSWORD_LENGTH: std::ops::RangeInclusive<usize> = 8..=128;

/// Trims and checks a name: not empty, at most [`NAME_LENGTH`] characters, no control characters.
///
/// The server also normalizes it with [`canonical::name`], so that names that look alike are equal.
pub fn name(text: &str) -> Result<String, String> {
    #[cfg(not(target_arch = "wasm32"))]
    let text = &canonical::name(text)?;
    let text = text.trim();
    if text.is_empty() {
        return Err("Enter a name.".to_owned());
    }
    single_line(text, NAME_LENGTH)
}

/// Trims and checks an optional description of at most [`DESCRIPTION_LENGTH`] characters, which may have
/// several lines.
pub fn description(text: &str) -> Result<String, String> {
    let text = text.trim();
    if text.chars().any(|c| c.is_control() && c != '\n' && c != '\t') {
        return Err("Remove the control characters.".to_owned());
    }
    #[cfg(not(target_arch = "wasm32"))]
    canonical::check_description(text)?;
    at_most(text, DESCRIPTION_LENGTH)
}

/// Lower-cases and checks a mail address: one `@` with a plausible text on both sides.
///
/// The server also normalizes it with [`canonical::email`], so that an address has one form.
pub fn email(text: &str) -> Result<String, String> {
    #[cfg(not(target_arch = "wasm32"))]
    let text = &canonical::email(text)?;
    let text = text.trim().to_lowercase();
    if text.is_empty() {
        return Err("Enter an email address.".to_owned());
    }
    let error = || "Enter an email address such as mira@example.com.".to_owned();
    let (local, host) = text.rsplit_once('@').ok_or_else(error)?;
    let is_local_part = |part: &str| {
        !part.is_empty() && !part.chars().any(|c| c.is_whitespace() || c.is_control() || "<>,;:\"()[]\\@".contains(c))
    };
    let is_host = host.split('.').all(|label| {
        !label.is_empty()
            && label.chars().all(|c| c.is_alphanumeric() || c == '-')
            && !label.starts_with('-')
            && !label.ends_with('-')
    });
    if !is_local_part(local) || !is_host || text.len() > EMAIL_LENGTH {
        return Err(error());
    }
    Ok(text)
}

/// Checks a new password's length. The server also checks how easily it is guessed.
pub fn password(text: &str) -> Result<(), String> {
    let length = text.chars().count();
    if length < *PASSWORD_LENGTH.start() {
        return Err(format!("Use at least {} characters.", PASSWORD_LENGTH.start()));
    }
    if length > *PASSWORD_LENGTH.end() {
        return Err(format!("Use at most {} characters.", PASSWORD_LENGTH.end()));
    }
    Ok(())
}

/// Makes a part of a path or a file's name from `name`: at most 40 characters of `[a-z0-9-]`; `fallback` if
/// there is none of them in it.
pub fn slug(name: &str, fallback: &str) -> String {
    let mut slug = String::new();
    for c in name.chars().flat_map(char::to_lowercase) {
        if c.is_ascii_alphanumeric() {
            slug.push(c);
        } else if !slug.is_empty() && !slug.ends_with('-') {
            slug.push('-');
        }
        if slug.len() == 40 {
            break;
        }
    }
    let slug = slug.trim_end_matches('-');
    if slug.is_empty() { fallback.to_owned() } else { slug.to_owned() }
}

/// Whether `c` is invisible and turns the direction of the text around it (Unicode's property Bidi_Control).
///
/// The server rejects new names with such a character, so pages need this only for names from elsewhere.
pub const fn is_bidi_control(c: char) -> bool {
    matches!(c, '\u{61c}' | '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

fn single_line(text: &str, max_length: usize) -> Result<String, String> {
    if text.chars().any(char::is_control) {
        return Err("Remove the line breaks and control characters.".to_owned());
    }
    at_most(text, max_length)
}

fn at_most(text: &str, max_length: usize) -> Result<String, String> {
    if text.chars().count() > max_length {
        return Err(format!("Use at most {max_length} characters."));
    }
    Ok(text.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn mail_addresses_are_checked_and_lower_cased() {
        assert_eq!(email(" Mira@Example.com "), Ok("mira@example.com".to_owned()));
        assert_eq!(email("a@localhost"), Ok("a@localhost".to_owned()));
        for wrong in [
            "",
            "mira",
            "@example.com",
            "mira@",
            "a b@example.com",
            "a@b@c",
            "a@-b.com",
            "a@b..com",
            "a\n@b.com",
            "<a@b.com>",
        ] {
            assert!(email(wrong).is_err(), "{wrong:?}");
        }
    }

    #[test]
    fn passwords_are_counted_in_characters() {
        assert!(password("ünïcödé!").is_ok());
        assert!(password("1234567").is_err());
        assert!(password(&"x".repeat(129)).is_err());
    }

    #[test]
    fn characters_that_turn_the_direction_are_rejected_in_names() {
        let controls: Vec<char> = ('\0'..=char::MAX).filter(|c| is_bidi_control(*c)).collect();
        assert_eq!(controls.len(), 12);
        for control in controls {
            assert!(name(&format!("evil{control}")).is_err(), "{control:?}");
        }
        for harmless in ['a', '\u{5d0}', '\u{627}', '\u{200d}', '\u{2026}'] {
            assert!(!is_bidi_control(harmless), "{harmless:?}");
        }
    }

    proptest! {
        #[test]
        fn slugs_fit_a_path(text: String) {
            let slug = slug(&text, "key");
            prop_assert!(!slug.is_empty() && slug.len() <= 40);
            prop_assert!(slug.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-'));
        }

        #[test]
        fn accepted_names_are_accepted_again(text: String) {
            if let Ok(accepted) = name(&text) {
                prop_assert_eq!(name(&accepted), Ok(accepted.clone()));
            }
        }
    }
}
