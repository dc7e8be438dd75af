//! The client for requests to URLs that users supply: webhooks, and identity providers' metadata.
//!
//! Such a URL, the DNS records of its host and the server behind it may all be an attacker's, who wants to reach hosts that only
//! this machine reaches: the loopback network, the operator's network, a cloud's metadata service. So a request is checked twice:
//!
//! 1. [`OutgoingClient::check_url`] checks the URL: scheme, port, and the address if the host is one, in whatever spelling.
//! 2. The connector checks all addresses that the host's name resolves to, and connects to these very addresses. It does so for
//!    each request, since connections aren't reused: a name that was public once may resolve to something else by then.
//!
//! Redirects aren't followed: a response with a status of 3xx is returned as it is, and its caller counts it as a failure. Proxies in
//! the environment are ignored. Nothing is kept between requests, such as cookies.
//!
//! Source for the attacks: <https://cheatsheetseries.owasp.org/cheatsheets/Server_Side_Request_Forgery_Prevention_Cheat_Sheet.html>.

mod addresses;
mod checked_url;
mod client;
mod connector;
mod dialer;
mod error;
mod limits;
mod messages;
mod policy;
#[cfg(test)]
mod tests;

pub use self::{
    checked_url::CheckedUrl,
    client::OutgoingClient,
    error::OutgoingError,
    limits::{DEFAULT_TIMEOUT, MAX_ANSWER_BYTES, MAX_HEADER_BYTES, MAX_URL_BYTES},
    messages::{OutgoingRequest, OutgoingResponse},
    policy::{AllowedNetworks, DEFAULT_PORTS, OutgoingPolicy},
};
