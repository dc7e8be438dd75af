//! Finds the key in a request.

use axum::http::{HeaderMap, header};
use domain::api_keys::Secret;

use super::refusal::Refusal;

/// The key that a request carries: `Authorization: Bearer`, `x-api-key`, or `api-key`, the first that is there.
///
/// One whose checksum is wrong is refused here, before anything is looked up.
pub(crate) fn secret(headers: &HeaderMap) -> Result<Secret, Refusal> {
    let bearer = headers.get(header::AUTHORIZATION).map(|value| {
        let value = value.to_str().unwrap_or_default();
        let (scheme, key) = value.split_once(' ').unwrap_or_default();
        if scheme.eq_ignore_ascii_case("bearer") { key.trim() } else { "" }
    });
    let plain = |name: &str| headers.get(name).map(|value| value.to_str().unwrap_or_default().trim());
    let presented = bearer.or_else(|| plain("x-api-key")).or_else(|| plain("api-key"));
    let presented = presented.ok_or_else(|| Refusal::key("No API key. Send one as `Authorization: Bearer <key>`."))?;
    Secret::parse(presented).map_err(|_| unknown())
}

/// What is answered to whatever isn't a key, and to a key that never was.
pub(crate) fn unknown() -> Refusal {
    Refusal::key("This API key isn't right. Check that it was copied as a whole.")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn secret_in(name: &'static str, value: &str) -> Result<Secret, Refusal> {
        secret(&HeaderMap::from_iter([(name.parse().unwrap(), value.parse().unwrap())]))
    }

    #[test]
    fn a_key_may_come_by_any_of_three_headers() {
        let key = Secret::from_digits(domain::api_keys::Level::Standard, [7; 32]);
        let text = key.reveal();
        for (name, value) in [
            ("authorization", format!("Bearer {text}")),
            ("authorization", format!("bearer  {text} ")),
            ("x-api-key", text.to_owned()),
            ("api-key", text.to_owned()),
        ] {
            assert_eq!(secret_in(name, &value).unwrap(), key);
        }
        for (name, value) in [
            ("authorization", text.to_owned()),
            ("authorization", format!("Basic {text}")),
            ("x-api-key", format!("Bearer {text}")),
            ("x-api-key", text.to_lowercase()),
            ("x-other", text.to_owned()),
        ] {
            assert!(secret_in(name, &value).is_err(), "{name}");
        }
    }
}
