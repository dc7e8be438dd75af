//! Whether a key lets its bearer in.

use std::{net::IpAddr, net::SocketAddr, sync::Arc};

use axum::{
    extract::ConnectInfo,
    http::{header, request::Parts},
};
use domain::{
    api_keys::{Scope, Secret},
    ids::OrganizationId,
};
use services::{
    ServiceError, ServiceResult,
    api_keys::directory::{KeyRecord, Verification},
    security::{Asker, Event, Kind},
};

use super::{credentials, error::Refusal};
use crate::gateway::{Gateway, endpoint::ENDPOINTS};

/// Somebody with a key that is good, where they are.
pub(crate) struct Bearer {
    pub(crate) key: Arc<KeyRecord>,
    /// `None` where the server wasn't told.
    pub(crate) ip: Option<IpAddr>,
}

/// Somebody who isn't let in. With a key that exists, or did, the refusal belongs into its log.
pub(crate) struct Denied {
    pub(crate) refusal: Refusal,
    pub(crate) key: Option<Arc<KeyRecord>>,
}

impl From<Refusal> for Denied {
    fn from(refusal: Refusal) -> Self {
        Self { refusal, key: None }
    }
}

impl Gateway {
    /// The key that a request carries, if it may call what takes `scope`; the call counts as a use of it.
    pub(crate) async fn admit(&self, request: &Parts, scope: Scope) -> Result<Arc<KeyRecord>, Denied> {
        let bearer = self.identify(request).await?;
        let key = &bearer.key;
        let denied = |refusal| Err(self.noted(Denied { refusal, key: Some(Arc::clone(key)) }, bearer.ip));
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
        let ip = self.client_ip(request);
        match credentials::secret(&request.headers, request.uri.query()) {
            Ok(secret) => self.identify_by(&secret, ip).await,
            Err(refusal) => Err(self.noted(refusal.into(), ip)),
        }
    }

    /// The key with this secret, if it is good, and may be used from `ip`.
    pub(crate) async fn identify_by(&self, secret: &Secret, ip: Option<IpAddr>) -> Result<Bearer, Denied> {
        judge(self.directory.verify_from(secret, ip).await, ip).map_err(|denied| self.noted(denied, ip))
    }

    /// The same, of which is told that it was refused.
    fn noted(&self, denied: Denied, ip: Option<IpAddr>) -> Denied {
        if denied.refusal.status.is_client_error() {
            let asker = denied.key.as_ref().map(|key| Asker::ApiKey(key.api_key_id));
            let kind = if asker.is_some() { Kind::RefusedKey } else { Kind::UnknownKey };
            self.services.security().note(self.services.now(), Event { kind, ip, asker, route: "/v1" });
        }
        denied
    }

    /// The same for a key of `organization`. That of another one is answered like one that never was, as fast.
    pub(crate) async fn identify_within(
        &self,
        organization: OrganizationId,
        secret: &Secret,
        ip: Option<IpAddr>,
    ) -> Result<Bearer, Denied> {
        judge(self.directory.verify_within(organization, secret).await, ip)
    }

    /// Whether there is a model of this name.
    pub(crate) fn offers_model(&self, model: &str) -> bool {
        self.offer(model).is_some()
    }

    /// Remembers who used a key, for its owner.
    pub(crate) fn note_use(&self, bearer: &Bearer, request: &Parts) {
        let agent = request.headers.get(header::USER_AGENT).and_then(|value| value.to_str().ok());
        self.uses.note(&bearer.key, bearer.ip, agent, self.services.now());
    }

    /// The same for somebody who was asked about, and not here themselves.
    pub(crate) fn note_use_by(&self, bearer: &Bearer, agent: Option<&str>) {
        self.uses.note(&bearer.key, bearer.ip, agent, self.services.now());
    }

    /// Where a request comes from, if that is known; proxies are believed that the operator trusts.
    pub(crate) fn client_ip(&self, request: &Parts) -> Option<IpAddr> {
        let ConnectInfo(peer) = request.extensions.get::<ConnectInfo<SocketAddr>>()?;
        self.settings.load().proxies.client(peer.ip(), &request.headers)
    }
}

/// Whether what was found of a key lets somebody in from `ip`.
fn judge(verification: ServiceResult<Verification>, ip: Option<IpAddr>) -> Result<Bearer, Denied> {
    let verification = verification.map_err(|error| match error {
        ServiceError::RateLimited { retry_after_seconds } => Refusal::too_fast(retry_after_seconds.into()),
        error => {
            tracing::error!(%error, "a key can't be looked up");
            Refusal::unavailable()
        }
    })?;
    let denied = |refusal, key| Err(Denied { refusal, key: Some(key) });
    let key = match verification {
        Verification::Unknown => return Err(credentials::unknown().into()),
        Verification::Revoked(key) => return denied(Refusal::key("This API key was revoked."), key),
        Verification::Expired(key) => return denied(Refusal::key("This API key has expired."), key),
        Verification::Disabled(key) => return denied(Refusal::leaked_key(), key),
        Verification::Active(key) => key,
    };
    // Where the address isn't known, only a key without a list is let in.
    if !ip.map_or(key.ip_allowlist.is_empty(), |ip| key.allows_ip(ip)) {
        return denied(Refusal::ip_not_allowed(ip), key);
    }
    Ok(Bearer { key, ip })
}

/// What a key must have for a path of ours, whatever the method; `None` for a path that isn't ours, or is written in a
/// way that hides which it is.
pub(crate) fn scope_of_path(path: &str) -> Option<Scope> {
    let segments: Vec<&str> = path.split('/').collect();
    if segments.iter().any(|segment| matches!(*segment, "." | "..") || segment.contains(['%', '\\', ';'])) {
        return None;
    }
    if path == "/v1/models" || path.starts_with("/v1/models/") {
        return Some(Scope::Models);
    }
    let fits = |pattern: &str| {
        let pattern: Vec<&str> = pattern.split('/').collect();
        let same = |(pattern, segment): (&&str, &&str)| pattern == segment || *pattern == "{id}" && !segment.is_empty();
        pattern.len() == segments.len() && pattern.iter().zip(&segments).all(same)
    };
    ENDPOINTS.iter().find(|endpoint| fits(endpoint.path)).map(|endpoint| endpoint.scope)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_paths_scope_is_that_of_what_it_calls() {
        for (path, scope) in [
            ("/v1/chat/completions", Some(Scope::Chat)),
            ("/v1/files/file-1/content", Some(Scope::Files)),
            ("/v1/models", Some(Scope::Models)),
            ("/v1/files/../chat/completions", None),
            ("/v1/files/..", None),
            ("/v1/files/%2e%2e", None),
            ("/v1/files//content", None),
            ("//v1/files", None),
            ("/v1", None),
            ("/report.pdf", None),
            ("", None),
        ] {
            assert_eq!(scope_of_path(path), scope, "{path}");
        }
    }
}
