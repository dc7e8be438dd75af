//! Warnings about settings that are allowed but most likely not intended.

use super::Config;
use crate::loopback::is_loopback_host;

impl Config {
    /// Warnings for the operator, each with advice.
    pub(crate) fn warnings(&self) -> Vec<String> {
        let url = self.public_url.as_deref();
        let is_https = url.is_some_and(|url| url.starts_with("https://"));
        let is_local = url.and_then(|url| url.split_once("://")).is_some_and(|(_, host)| is_loopback_host(host));
        let refuses_http = !self.allow_insecure_http;
        let mut warnings = Vec::new();
        if is_https && self.trusted_proxies.is_empty() {
            warnings.push(
                "TOLLHOUSE_PUBLIC_URL is https, but no proxy is listed in server.trusted_proxies. All requests seem to \
                 come from the proxy, which defeats keys' allowlists and the limits on password guesses.",
            );
        }
        if self.trusted_proxies.iter().any(|network| network.prefix_len() == 0) {
            warnings.push(
                "server.trusted_proxies contains all addresses, so any client can claim to be another. List only your \
                 proxies.",
            );
        }
        if url.is_some() && !is_https && !is_local && refuses_http {
            warnings.push(
                "TOLLHOUSE_PUBLIC_URL is plain http, over which signing in isn't allowed. Use https, or set \
                 server.allow_insecure_http for a private network.",
            );
        }
        if url.is_none() && !self.addr.ip().is_loopback() && self.trusted_proxies.is_empty() && refuses_http {
            warnings.push(
                "The server accepts connections from other machines, which can't sign in over plain http. Use https, \
                 with TOLLHOUSE_PUBLIC_URL and server.trusted_proxies, or set server.allow_insecure_http.",
            );
        }
        warnings.into_iter().map(str::to_owned).collect()
    }
}

#[cfg(test)]
mod tests {
    use std::net::SocketAddr;

    use super::*;
    use crate::config::ProcessOptions;

    fn warnings(public_url: Option<&str>, addr: &str, server: &str) -> Vec<String> {
        let data = tempfile::tempdir().unwrap();
        std::fs::write(data.path().join("tollhouse.toml"), format!("[server]\n{server}\n")).unwrap();
        let addr: SocketAddr = addr.parse().unwrap();
        let public_url = public_url.map(str::to_owned);
        let options = ProcessOptions { data: data.path().to_owned(), public_url, addr, ..ProcessOptions::default() };
        Config::load_with(&options, &|_| None).unwrap().warnings()
    }

    #[test]
    fn a_proxy_that_isnt_listed_is_warned_of() {
        let https = Some("https://hub.example");
        assert!(warnings(https, "127.0.0.1:1", "").concat().contains("no proxy is listed"));
        assert!(warnings(https, "127.0.0.1:1", "trusted_proxies = [\"127.0.0.1\"]").is_empty());
        for all in ["0.0.0.0/0", "::/0"] {
            let listed = format!("trusted_proxies = [{all:?}]");
            assert!(warnings(https, "127.0.0.1:1", &listed).concat().contains("all addresses"));
        }
    }

    #[test]
    fn plain_http_beyond_this_machine_is_warned_of_unless_it_is_allowed() {
        for (url, addr) in [(Some("http://hub.example"), "127.0.0.1:1"), (None, "0.0.0.0:1")] {
            assert!(warnings(url, addr, "").concat().contains("plain http"), "{url:?}");
            assert!(warnings(url, addr, "allow_insecure_http = true").is_empty(), "{url:?}");
        }
        for url in [None, Some("http://127.0.0.1:3000"), Some("http://localhost:3000")] {
            assert!(warnings(url, "127.0.0.1:1", "").is_empty(), "{url:?}");
        }
    }
}
