//! Secrets that the configuration refers to: they come from the environment or a file, never from the
//! configuration itself.

use std::path::Path;

use super::{
    SecretText,
    errors::{ConfigError, ConfigLocation},
};

/// Reads the secret that `<setting>_env` or `<setting>_file` refers to, if one of them is set.
pub(super) fn secret(
    location: &ConfigLocation<'_>,
    setting: &str,
    variable: Option<&str>,
    file: Option<&Path>,
    env: &dyn Fn(&str) -> Option<String>,
) -> Result<Option<SecretText>, ConfigError> {
    let key = |source: &str| format!("{setting}_{source}");
    let (source, secret) = match (variable, file) {
        (None, None) => return Ok(None),
        (Some(_), Some(_)) => {
            let name = setting.rsplit([' ', '.']).next().unwrap_or(setting);
            return Err(location.value(key("file"), format!("{name}_env is set, too; keep one of them.")));
        }
        (Some(variable), None) => {
            let advice = || format!("the environment variable {variable} isn't set; set it to the secret.");
            ("env", env(variable).ok_or_else(|| location.value(key("env"), advice()))?)
        }
        (None, Some(file)) => {
            let secret = std::fs::read_to_string(file).map_err(|error| {
                let advice = format!("{} can't be read ({error}); write the secret to this file.", file.display());
                location.value(key("file"), advice)
            })?;
            ("file", secret)
        }
    };
    let secret = secret.trim();
    if secret.is_empty() || !secret.bytes().all(|byte| byte.is_ascii_graphic()) {
        return Err(location.value(key(source), "its value isn't a secret: it must be one line of printable ASCII."));
    }
    Ok(Some(SecretText::new(secret)))
}

/// The passwords in a database's URL, both as written and decoded.
pub(super) fn passwords(url: &str) -> Vec<String> {
    let (_, rest) = url.split_once("://").unwrap_or_default();
    let authority = rest.split(['/', '?']).next().unwrap_or_default();
    let user = authority.rsplit_once('@').map(|(user, _)| user);
    let written = user.and_then(|user| user.split_once(':')).map(|(_, password)| password);
    let query = rest.split_once('?').map(|(_, query)| query).unwrap_or_default();
    let named = query.split('&').filter_map(|pair| pair.strip_prefix("password="));
    let both = |written: &str| {
        let pair = format!("p={}", written.replace('+', "%2B"));
        let decoded = form_urlencoded::parse(pair.as_bytes()).next().map(|(_, decoded)| decoded.into_owned());
        [written.to_owned()].into_iter().chain(decoded)
    };
    written.into_iter().chain(named).flat_map(both).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_databases_password_is_found_as_it_is_written_and_as_it_is_meant() {
        assert_eq!(passwords("postgres://a:p%40ss%2Fword@db/x"), ["p%40ss%2Fword", "p@ss/word"]);
        assert_eq!(passwords("postgres://db/x?user=a&password=s+e"), ["s+e", "s+e"]);
        assert!(passwords("postgres://a@db/x").is_empty() && passwords("sqlite:///x.db?mode=rwc").is_empty());
    }
}
