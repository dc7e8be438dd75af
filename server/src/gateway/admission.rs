//! Whether a key lets its bearer in.

use std::{net::IpAddr, net::SocketAddr, sync::Arc};

use axum::{
    extract::ConnectInfo,
    http::{header, request::Parts},
};
use domain::api_keys::Scope;
use services::api_keys::directory::{KeyRecord, Verification};

use super::{Gateway, credentials, refusal::Refusal};
use crate::security::client_ip;

/// Somebody with a key that is good, where they are.
pub(crate) struct Bearer {
    pub(crate) key: Arc<KeyRecord>,
    /// `None` where the server wasn't told.
    pub(crate) ip: Option<IpAddr>,
}

/// Somebody who isn't let in. With a key that exists, or did, the refusal belongs into its log.
pub(crate) struct Denied {
    pub(crate) refusal: Refusal,
    pub(super) key: Option<Arc<KeyRecord>>,
}

impl From<Refusal> for Denied {
    fn from(refusal: Refusal) -> Self {
        Self { refusal, key: None }
    }
}

impl Gateway {
    /// The key that a request carries, if it may call what takes `scope`; the call counts as a use of it.
    pub(super) async fn admit(&self, request: &Parts, scope: Scope) -> Result<Arc<KeyRecord>, Denied> {
        let bearer = self.identify(request).await?;
        let key = &bearer.key;
        let denied = |refusal| Err(Denied { refusal, key: Some(Arc::clone(key)) });
        if !key.grants(scope) {
            return denied(Refusal::missing_scope(key.level, scope));
        }
        if key.project_archived {
            return denied(Refusal::project_archived());
        }
        self.note_use(&bearer, request);
        Ok(bearer.key)
    }

    /// The key that a request carries, if it is good, and may be used from where the request comes.
    pub(crate) async fn identify(&self, request: &Parts) -> Result<Bearer, Denied> {
        let secret = credentials::secret(&request.headers)?;
        let verification = self.directory.verify(&secret).await.map_err(|error| {
            tracing::error!(%error, "a key can't be looked up");
            Refusal::unavailable()
        })?;
        let denied = |refusal, key| Err(Denied { refusal, key: Some(key) });
        let key = match verification {
            Verification::Unknown => return Err(credentials::unknown().into()),
            Verification::Revoked(key) => return denied(Refusal::key("This API key was revoked."), key),
            Verification::Expired(key) => return denied(Refusal::key("This API key has expired."), key),
            Verification::Disabled(key) => return denied(Refusal::leaked_key(), key),
            Verification::Active(key) => key,
        };
        let ip = self.client_ip(request);
        // Where the address isn't known, only a key without a list is let in.
        if !ip.map_or(key.ip_allowlist.is_empty(), |ip| key.allows_ip(ip)) {
            return denied(Refusal::ip_not_allowed(ip), key);
        }
        Ok(Bearer { key, ip })
    }

    /// Remembers who used a key, for its owner.
    pub(crate) fn note_use(&self, bearer: &Bearer, request: &Parts) {
        let agent = request.headers.get(header::USER_AGENT).and_then(|value| value.to_str().ok());
        self.uses.note(&bearer.key, bearer.ip, agent, self.services.now());
    }

    /// Where a request comes from; proxies are believed that the operator trusts.
    pub(crate) fn client_ip(&self, request: &Parts) -> Option<IpAddr> {
        let ConnectInfo(peer) = request.extensions.get::<ConnectInfo<SocketAddr>>()?;
        Some(client_ip::client(peer.ip(), &request.headers, &self.trusted_proxies))
    }
}
