//! Secrets that the configuration refers to: from the environment or a file, never from the configuration itself.

use std::path::Path;

use super::{ConfigError, SecretText, resolve::At};

/// What `<place>_env` or `<place>_file` refers to, if one of them is there.
pub(super) fn secret(
    at: &At<'_>,
    place: &str,
    variable: Option<&str>,
    file: Option<&Path>,
    env: &dyn Fn(&str) -> Option<String>,
) -> Result<Option<SecretText>, ConfigError> {
    let key = |from: &str| format!("{place}_{from}");
    let (from, secret) = match (variable, file) {
        (None, None) => return Ok(None),
        (Some(_), Some(_)) => {
            let name = place.rsplit([' ', '.']).next().unwrap_or(place);
            return Err(at.value(key("file"), format!("there is {name}_env too; keep one of them.")));
        }
        (Some(variable), None) => {
            let advice = || format!("the environment variable {variable} isn't set; set it to the secret.");
            ("env", env(variable).ok_or_else(|| at.value(key("env"), advice()))?)
        }
        (None, Some(file)) => {
            let secret = std::fs::read_to_string(file).map_err(|error| {
                let advice = format!("{} can't be read ({error}); write the secret to it.", file.display());
                at.value(key("file"), advice)
            })?;
            ("file", secret)
        }
    };
    let secret = secret.trim();
    if secret.is_empty() || !secret.bytes().all(|byte| byte.is_ascii_graphic()) {
        return Err(at.value(key(from), "what it refers to is no secret: it must be one line of visible ASCII."));
    }
    Ok(Some(SecretText::new(secret)))
}
