//! Authenticates keys, and decides whether they admit a request.

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
    api_keys::directory::{KeyRecord, KeyVerification},
    security::{SecurityCaller, SecurityEvent, SecurityEventKind},
};

use super::{credentials, error::V1Error};
use crate::gateway::{Gateway, endpoint::ENDPOINTS};

/// A valid key, and the address that it is used from.
pub(crate) struct AuthenticatedKey {
    pub(crate) key: Arc<KeyRecord>,
    /// `None` if unknown.
    pub(crate) ip: Option<IpAddr>,
}

/// A rejected key. If it exists or existed, the rejection belongs in its log.
pub(crate) struct KeyRejection {
    pub(crate) refusal: V1Error,
    pub(crate) key: Option<Arc<KeyRecord>>,
}

impl From<V1Error> for KeyRejection {
    fn from(refusal: V1Error) -> Self {
        Self { refusal, key: None }
    }
}

impl Gateway {
    /// Authenticates a request, checks that its key has `scope`, and records the use.
    pub(crate) async fn admit(&self, request: &Parts, scope: Scope) -> Result<Arc<KeyRecord>, KeyRejection> {
        let authenticated = self.identify(request).await?;
        let key = &authenticated.key;
        let reject = |refusal| Err(self.logged(KeyRejection { refusal, key: Some(Arc::clone(key)) }, authenticated.ip));
        if !key.grants(scope) {
            return reject(V1Error::missing_scope(key.level, scope));
        }
        if key.project_archived {
            return reject(V1Error::project_archived());
        }
        self.record_use(&authenticated, request);
        Ok(authenticated.key)
    }

    /// Finds the key of a request, if it is valid and allowed from the request's address.
    pub(crate) async fn identify(&self, request: &Parts) -> Result<AuthenticatedKey, KeyRejection> {
        let ip = self.client_ip(request);
        match credentials::secret(&request.headers, request.uri.query()) {
            Ok(secret) => self.identify_by(&secret, ip).await,
            Err(refusal) => Err(self.logged(refusal.into(), ip)),
        }
    }

    /// Finds the key with this secret, if it is valid and allowed from `ip`.
    pub(crate) async fn identify_by(
        &self,
        secret: &Secret,
        ip: Option<IpAddr>,
    ) -> Result<AuthenticatedKey, KeyRejection> {
        check_verification(self.directory.verify_from(secret, ip).await, ip)
            .map_err(|rejection| self.logged(rejection, ip))
    }

    /// Records a rejection in the security log, and returns it.
    fn logged(&self, rejection: KeyRejection, ip: Option<IpAddr>) -> KeyRejection {
        if rejection.refusal.status.is_client_error() {
            let caller = rejection.key.as_ref().map(|key| SecurityCaller::ApiKey(key.api_key_id));
            let kind = if caller.is_some() { SecurityEventKind::RefusedKey } else { SecurityEventKind::UnknownKey };
            self.services.security().record(self.services.now(), SecurityEvent { kind, ip, caller, route: "/v1" });
        }
        rejection
    }

    /// Finds the key with this secret in `organization`, if it is valid and allowed from `ip`. A key of
    /// another organization is answered like an unknown one, in the same time.
    pub(crate) async fn identify_in_organization(
        &self,
        organization: OrganizationId,
        secret: &Secret,
        ip: Option<IpAddr>,
    ) -> Result<AuthenticatedKey, KeyRejection> {
        check_verification(self.directory.verify_in_organization(organization, secret).await, ip)
    }

    /// Whether a model of this name is on offer.
    pub(crate) fn offers_model(&self, model: &str) -> bool {
        self.offer(model).is_some()
    }

    /// Records the client that used a key, for its owner.
    pub(crate) fn record_use(&self, bearer: &AuthenticatedKey, request: &Parts) {
        let agent = request.headers.get(header::USER_AGENT).and_then(|value| value.to_str().ok());
        self.uses.record(&bearer.key, bearer.ip, agent, self.services.now());
    }

    /// Records the use of a key that another server asked about.
    pub(crate) fn record_use_by(&self, bearer: &AuthenticatedKey, agent: Option<&str>) {
        self.uses.record(&bearer.key, bearer.ip, agent, self.services.now());
    }

    /// The client's address, as far as trusted proxies vouch for it.
    pub(crate) fn client_ip(&self, request: &Parts) -> Option<IpAddr> {
        let ConnectInfo(peer) = request.extensions.get::<ConnectInfo<SocketAddr>>()?;
        self.settings.load().proxies.client(peer.ip(), &request.headers)
    }
}

/// Converts a verified key to an authenticated one, if it is valid and allowed from `ip`.
fn check_verification(
    verification: ServiceResult<KeyVerification>,
    ip: Option<IpAddr>,
) -> Result<AuthenticatedKey, KeyRejection> {
    let verification = verification.map_err(|error| match error {
        ServiceError::RateLimited { retry_after_seconds } => V1Error::too_fast(retry_after_seconds.into()),
        error => {
            tracing::error!(%error, "a key can't be looked up");
            V1Error::unavailable()
        }
    })?;
    let reject = |refusal, key| Err(KeyRejection { refusal, key: Some(key) });
    let key = match verification {
        KeyVerification::Unknown => return Err(credentials::unknown().into()),
        KeyVerification::Revoked(key) => return reject(V1Error::key("This API key was revoked."), key),
        KeyVerification::Expired(key) => return reject(V1Error::key("This API key has expired."), key),
        KeyVerification::Disabled(key) => return reject(V1Error::leaked_key(), key),
        KeyVerification::Active(key) => key,
    };
    // From an unknown address, only a key without an allowlist is admitted.
    if !ip.map_or(key.ip_allowlist.is_empty(), |ip| key.allows_ip(ip)) {
        return reject(V1Error::ip_not_allowed(ip), key);
    }
    Ok(AuthenticatedKey { key, ip })
}

/// The scope that a path requires, whatever the method; `None` for an unknown path, or one written in a
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
        let matches =
            |(pattern, segment): (&&str, &&str)| pattern == segment || *pattern == "{id}" && !segment.is_empty();
        pattern.len() == segments.len() && pattern.iter().zip(&segments).all(matches)
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
