//! The normal form of URLs, and the policy for schemes and ports.

use super::public_http;
use crate::{client::OutgoingClient, error::OutgoingError, limits::MAX_URL_BYTES, policy::OutgoingPolicy};

fn check(policy: OutgoingPolicy, url: &str) -> Result<String, OutgoingError> {
    let checked = OutgoingClient::new(policy).unwrap().check_url(url)?;
    Ok(checked.as_str().to_owned())
}

#[test]
fn a_url_has_one_form_which_is_checked_to_the_same() {
    for (typed, normal) in [
        ("https://example.com", "https://example.com/"),
        ("  https://Example.COM:443/a?b#c\n", "https://example.com/a?b"),
        ("HTTPS://bücher.example/ü?ü", "https://xn--bcher-kva.example/%C3%BC?%C3%BC"),
        ("https://example.com/a/../b?", "https://example.com/b?"),
        ("https://example.com/{a}?{b}|^`\"'<>", "https://example.com/%7Ba%7D?{b}|^`%22%27%3C%3E"),
        ("https:example.com", "https://example.com/"),
        ("https://example.com:80/", "https://example.com:80/"),
        ("https://8.8.2056/", "https://8.8.8.8/"),
        ("https://[2606:4700:0::1111]/", "https://[2606:4700::1111]/"),
        ("https://my_host.example.com./", "https://my_host.example.com./"),
        ("https://@example.com/", "https://example.com/"),
    ] {
        assert_eq!(check(OutgoingPolicy::default(), typed).as_deref(), Ok(normal), "{typed}");
        assert_eq!(check(OutgoingPolicy::default(), normal).as_deref(), Ok(normal), "{typed}");
    }
}

#[test]
fn https_and_the_usual_ports_are_the_default() {
    let https = Err(OutgoingError::Scheme { expected: "https://" });
    assert_eq!(check(OutgoingPolicy::default(), "http://example.com/"), https);
    assert_eq!(check(OutgoingPolicy::default(), "https://example.com:8443/"), Err(OutgoingError::Port { port: 8443 }));
    assert!(check(public_http(), "http://example.com/").is_ok());
    let other = OutgoingPolicy { allowed_ports: vec![8443], ..OutgoingPolicy::default() };
    assert!(check(other.clone(), "https://example.com:8443/").is_ok());
    assert_eq!(check(other, "https://example.com/"), Err(OutgoingError::Port { port: 443 }));
}

#[test]
fn a_long_url_is_rejected_in_whichever_form_it_is_long() {
    let room = MAX_URL_BYTES - "https://example.com/".len();
    let with = |path: &str| check(OutgoingPolicy::default(), &format!("https://example.com/{path}"));
    assert!(with(&"a".repeat(room)).is_ok());
    assert_eq!(with(&"a".repeat(room + 1)), Err(OutgoingError::InvalidUrl));
    assert_eq!(with(&"ü".repeat(room / 2)), Err(OutgoingError::InvalidUrl));
}

#[test]
fn debug_output_has_no_secrets() {
    let client = OutgoingClient::new(OutgoingPolicy::default()).unwrap();
    let checked = client.check_url("https://hooks.example.com/T0/secret?token=secret").unwrap();
    let request = super::get("https://hooks.example.com/T0/secret");
    let text = format!("{checked:?} {request:?} {client:?}");
    assert!(text.contains("hooks.example.com") && !text.contains("secret"), "{text}");
}
