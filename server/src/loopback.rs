//! Recognizes the names of this machine.

use std::net::IpAddr;

use axum::http::uri::Authority;

/// Whether `host`, as a browser sends it, can only mean this machine.
pub(crate) fn is_loopback_host(host: &str) -> bool {
    let Ok(authority) = host.parse::<Authority>() else { return false };
    let (name, port) = host.split_at(authority.host().len().min(host.len()));
    let is_complete = name == authority.host()
        && (port.is_empty()
            || port.strip_prefix(':').is_some_and(|port| port.bytes().all(|byte| byte.is_ascii_digit())));
    let name = name.strip_prefix('[').and_then(|name| name.strip_suffix(']')).unwrap_or(name);
    is_complete && (name == "localhost" || name.parse::<IpAddr>().is_ok_and(|ip| ip.is_loopback()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_this_machine_is_loopback() {
        for host in ["localhost", "localhost:3000", "127.0.0.1:3000", "[::1]:3000"] {
            assert!(is_loopback_host(host), "{host}");
        }
        for host in [
            "",
            "hub.example",
            "localhost.example",
            "10.0.0.1",
            "127.0.0.1.example",
            "127.0.0.1:3000@evil.example",
            "localhost@evil.example",
            "[::1].evil.example",
        ] {
            assert!(!is_loopback_host(host), "{host}");
        }
    }
}
