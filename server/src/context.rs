//! A request's context for handlers of the dashboard.

use std::{
    convert::Infallible,
    net::{IpAddr, SocketAddr},
    sync::{Arc, OnceLock},
};

use app::api::context::{RequestContext, SessionCookies};
use axum::{
    extract::{ConnectInfo, FromRequestParts},
    http::{Extensions, HeaderMap, header, request::Parts},
};
use services::{accounts::Device, security::SecurityCaller};

use crate::{client_ip::Proxies, config::Config, hub::Hub, loopback::is_loopback_host};

/// Maximum length of a stored user agent, in characters.
const MAX_USER_AGENT_LENGTH: usize = 300;

/// The caller, once it is identified: set on the way in, read on the way out.
#[derive(Clone, Debug, Default)]
pub(crate) struct KnownCaller(Arc<OnceLock<SecurityCaller>>);

impl KnownCaller {
    pub(crate) fn set(&self, caller: SecurityCaller) {
        // The first one stays: a request has one caller.
        let _ = self.0.set(caller);
    }

    pub(crate) fn get(&self) -> Option<SecurityCaller> {
        self.0.get().copied()
    }

    /// The shared cell, for crates that can't name this type.
    pub(crate) fn shared(&self) -> Arc<OnceLock<SecurityCaller>> {
        Arc::clone(&self.0)
    }
}

/// A request's client, session and origin.
#[derive(Clone, Debug)]
pub(crate) struct RequestInfo {
    pub(crate) device: Device,
    pub(crate) session_token: Option<String>,
    pub(crate) cookies: SessionCookies,
    /// Scheme and authority as the client sees them, such as `https://hub.example`.
    pub(crate) origin: String,
    /// Whether the session cookie would cross a network unencrypted although the operator hasn't allowed
    /// that.
    pub(crate) is_exposed: bool,
    /// The caller, once it is identified.
    pub(crate) caller: KnownCaller,
}

impl RequestInfo {
    fn new(hub: &Hub, headers: &HeaderMap, peer: Option<IpAddr>) -> Self {
        let text = |name| headers.get(name).and_then(|value: &axum::http::HeaderValue| value.to_str().ok());
        let config = hub.config();
        let proxies = config.proxies();
        let host = text(header::HOST).unwrap_or_default();
        let secure = is_reached_by_https(&config, peer, headers);
        let origin = origin(config.public_url.as_deref(), &proxies, peer, headers);
        let cookies = SessionCookies { secure };
        let local = is_loopback_host(host) && peer.is_none_or(|peer| peer.is_loopback());
        let is_exposed = !secure && !local && !config.allow_insecure_http;
        Self {
            device: Device {
                ip: peer.and_then(|peer| proxies.client(peer, headers)),
                user_agent: text(header::USER_AGENT).unwrap_or_default().chars().take(MAX_USER_AGENT_LENGTH).collect(),
            },
            // An exposed session isn't used anywhere.
            session_token: cookie(headers, cookies.name()).filter(|_| !is_exposed),
            cookies,
            origin,
            is_exposed,
            caller: KnownCaller::default(),
        }
    }

    /// The context for server functions.
    pub(crate) fn for_server_functions(&self, hub: &Hub) -> RequestContext {
        let config = hub.config();
        RequestContext {
            services: hub.services.clone(),
            session_token: self.session_token.clone(),
            device: self.device.clone(),
            sign_up_open: config.sign_up_open,
            setup_code: hub.setup_code.clone(),
            caller: self.caller.shared(),
            base_url: self.base_url(),
            configured_limits: config.rate_limits,
            cookies: self.cookies,
        }
    }

    /// The base URL for programs.
    pub(crate) fn base_url(&self) -> String {
        format!("{}/v1", self.origin)
    }
}

impl FromRequestParts<Hub> for RequestInfo {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, hub: &Hub) -> Result<Self, Infallible> {
        let caller = parts.extensions.get::<KnownCaller>().cloned().unwrap_or_default();
        Ok(Self { caller, ..Self::new(hub, &parts.headers, peer(&parts.extensions)) })
    }
}

/// Whether a client reaches the server over https, according to the public URL, or else to a trusted proxy.
pub(crate) fn is_reached_by_https(config: &Config, peer: Option<IpAddr>, headers: &HeaderMap) -> bool {
    is_https(config.public_url.as_deref(), &config.proxies(), peer, headers)
}

fn is_https(public_url: Option<&str>, proxies: &Proxies, peer: Option<IpAddr>, headers: &HeaderMap) -> bool {
    match public_url {
        Some(url) => url.starts_with("https://"),
        None => peer.is_some_and(|peer| proxies.is_https(peer, headers)),
    }
}

/// The scheme and authority by which a client reaches the server, such as `https://hub.example`.
pub(crate) fn origin(public_url: Option<&str>, proxies: &Proxies, peer: Option<IpAddr>, headers: &HeaderMap) -> String {
    if let Some(url) = public_url {
        return url.trim_end_matches('/').to_owned();
    }
    let scheme = if is_https(None, proxies, peer, headers) { "https" } else { "http" };
    let host = headers.get(header::HOST).and_then(|host| host.to_str().ok());
    format!("{scheme}://{}", host.unwrap_or_default())
}

/// The address of the connection's other end.
pub(crate) fn peer(extensions: &Extensions) -> Option<IpAddr> {
    extensions.get::<ConnectInfo<SocketAddr>>().map(|ConnectInfo(address)| address.ip())
}

/// The value of the cookie called `name` (RFC 6265, section 5.4).
fn cookie(headers: &HeaderMap, name: &str) -> Option<String> {
    headers
        .get_all(header::COOKIE)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(';'))
        .filter_map(|pair| pair.trim().split_once('='))
        .find(|(key, _)| *key == name)
        .map(|(_, value)| value.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cookie_is_found_by_its_whole_name() {
        let headers = HeaderMap::from_iter([(header::COOKIE, "xtollhouse=1; tollhouse=2; a=b=c".parse().unwrap())]);
        assert_eq!(cookie(&headers, "tollhouse").as_deref(), Some("2"));
        assert_eq!(cookie(&headers, "a").as_deref(), Some("b=c"));
        assert_eq!(cookie(&headers, "house"), None);
    }
}
