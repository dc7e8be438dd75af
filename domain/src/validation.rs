//! Checks of single values, used by every input type on both sides.

#[cfg(not(target_arch = "wasm32"))]
pub mod canonical;

/// Longest name of anything, in characters.
pub const NAME_LENGTH: usize = 80;
/// Longest description, in characters.
pub const DESCRIPTION_LENGTH: usize = 500;
/// Longest mail address, in bytes (RFC 5321, section 4.5.3.1.3).
pub const EMAIL_LENGTH: usize = 254;
/// Shortest and longest password, in characters (OWASP ASVS 5.0, 6.2.1 and 6.2.9).
pub const PASSWORD_LENGTH: std::ops::RangeInclusive<usize> = 8..=128;

/// A name of something: trimmed, not empty, at most [`NAME_LENGTH`] characters, no control characters.
///
/// On the server also as [`canonical::name`] writes it, so that names that look alike are alike.
pub fn name(text: &str) -> Result<String, String> {
    #[cfg(not(target_arch = "wasm32"))]
    let text = &canonical::name(text)?;
    let text = text.trim();
    if text.is_empty() {
        return Err("Enter a name.".to_owned());
    }
    single_line(text, NAME_LENGTH)
}

/// An optional text of at most [`DESCRIPTION_LENGTH`] characters; may have several lines.
pub fn description(text: &str) -> Result<String, String> {
    let text = text.trim();
    if text.chars().any(|c| c.is_control() && c != '\n' && c != '\t') {
        return Err("Remove the control characters.".to_owned());
    }
    #[cfg(not(target_arch = "wasm32"))]
    canonical::check_description(text)?;
    at_most(text, DESCRIPTION_LENGTH)
}

/// A mail address, lower-cased: one `@` with something sensible on both sides.
///
/// On the server also as [`canonical::email`] writes it: one address has one form.
pub fn email(text: &str) -> Result<String, String> {
    #[cfg(not(target_arch = "wasm32"))]
    let text = &canonical::email(text)?;
    let text = text.trim().to_lowercase();
    if text.is_empty() {
        return Err("Enter a mail address.".to_owned());
    }
    let wrong = || "Enter a mail address such as mira@example.com.".to_owned();
    let (local, host) = text.rsplit_once('@').ok_or_else(wrong)?;
    let usable = |part: &str| {
        !part.is_empty() && !part.chars().any(|c| c.is_whitespace() || c.is_control() || "<>,;:\"()[]\\@".contains(c))
    };
    let labels = host.split('.').all(|label| {
        !label.is_empty()
            && label.chars().all(|c| c.is_alphanumeric() || c == '-')
            && !label.starts_with('-')
            && !label.ends_with('-')
    });
    if !usable(local) || !labels || text.len() > EMAIL_LENGTH {
        return Err(wrong());
    }
    Ok(text)
}

/// A new password's length; whether it is easily guessed is the server's to say.
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

/// The part of a path that names an organization or project: made of `name`, at most 40 characters of `[a-z0-9-]`.
pub fn slug(name: &str) -> String {
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
    if slug.is_empty() { "organization".to_owned() } else { slug.to_owned() }
}

fn single_line(text: &str, most: usize) -> Result<String, String> {
    if text.chars().any(char::is_control) {
        return Err("Remove the line breaks and control characters.".to_owned());
    }
    at_most(text, most)
}

fn at_most(text: &str, most: usize) -> Result<String, String> {
    if text.chars().count() > most {
        return Err(format!("Use at most {most} characters."));
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

    proptest! {
        #[test]
        fn slugs_fit_a_path(text: String) {
            let slug = slug(&text);
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
