//! The state that the HTTP APIs below `/v1` share: it authenticates keys, and records their use.

use std::{net::IpAddr, net::SocketAddr, sync::Arc};

use arc_swap::ArcSwap;
use axum::{
    extract::ConnectInfo,
    http::{header, request::Parts},
};
use domain::{api_keys::Secret, calls::RejectionRule, ids::OrganizationId};
use services::{
    ServiceError, ServiceResult, Services,
    api_keys::{
        directory::{KeyDirectory, KeyRecord, KeyVerification},
        uses::KeyUses,
    },
    security::{SecurityCaller, SecurityEvent, SecurityEventKind},
};

use super::{credentials, error::V1Error};
use crate::{client_ip::Proxies, config::Config};

/// The state that the APIs below `/v1` share. Cheap to clone.
#[derive(Clone)]
pub struct V1State(Arc<Inner>);

struct Inner {
    services: Services,
    directory: KeyDirectory,
    uses: KeyUses,
    /// The proxies that are trusted with clients' addresses.
    proxies: ArcSwap<Proxies>,
}

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

impl V1State {
    /// Creates the state within a tokio runtime, where it watches for changed keys.
    pub fn start(services: &Services, config: &Config) -> Self {
        Self(Arc::new(Inner {
            services: services.clone(),
            directory: KeyDirectory::start(services).with_outage_trust(config.gateway.journal_max_age),
            uses: KeyUses::start(services),
            proxies: ArcSwap::from_pointee(config.proxies()),
        }))
    }

    pub(crate) fn services(&self) -> &Services {
        &self.0.services
    }

    pub(crate) fn directory(&self) -> &KeyDirectory {
        &self.0.directory
    }

    /// The proxies that are trusted with clients' addresses.
    pub(crate) fn proxies(&self) -> Arc<Proxies> {
        self.0.proxies.load_full()
    }

    /// Replaces the trusted proxies for future requests.
    pub(crate) fn replace_proxies(&self, proxies: Proxies) {
        self.0.proxies.store(Arc::new(proxies));
    }

    /// Stores pending uses of keys. Must be awaited at the end of the server.
    pub(crate) async fn finish(&self) {
        self.0.uses.finish().await;
    }

    /// Finds the key of a request, if it is valid and allowed from the request's address.
    pub(crate) async fn identify(&self, request: &Parts) -> Result<AuthenticatedKey, KeyRejection> {
        let ip = self.client_ip(request);
        match credentials::secret(&request.headers, request.uri.query()) {
            Ok(secret) => self.identify_by(&secret, ip).await,
            Err(refusal) => Err(self.record_rejection(refusal.into(), ip)),
        }
    }

    /// Finds the key with this secret, if it is valid and allowed from `ip`.
    pub(crate) async fn identify_by(
        &self,
        secret: &Secret,
        ip: Option<IpAddr>,
    ) -> Result<AuthenticatedKey, KeyRejection> {
        check_verification(self.0.directory.verify_from(secret, ip).await, ip)
            .map_err(|rejection| self.record_rejection(rejection, ip))
    }

    /// Records a rejection in the security log, and returns it.
    pub(crate) fn record_rejection(&self, rejection: KeyRejection, ip: Option<IpAddr>) -> KeyRejection {
        if rejection.refusal.status.is_client_error() {
            let caller = rejection.key.as_ref().map(|key| SecurityCaller::ApiKey(key.api_key_id));
            let kind = if caller.is_some() { SecurityEventKind::RefusedKey } else { SecurityEventKind::UnknownKey };
            let services = self.services();
            services.security().record(services.now(), SecurityEvent { kind, ip, caller, route: "/v1" });
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
        check_verification(self.0.directory.verify_in_organization(organization, secret).await, ip)
    }

    /// Records the client that used a key, for its owner.
    pub(crate) fn record_use(&self, bearer: &AuthenticatedKey, request: &Parts) {
        let agent = request.headers.get(header::USER_AGENT).and_then(|value| value.to_str().ok());
        self.0.uses.record(&bearer.key, bearer.ip, agent, self.0.services.now());
    }

    /// Records the use of a key that another server asked about.
    pub(crate) fn record_use_by(&self, bearer: &AuthenticatedKey, agent: Option<&str>) {
        self.0.uses.record(&bearer.key, bearer.ip, agent, self.0.services.now());
    }

    /// The client's address, as far as trusted proxies vouch for it.
    pub(crate) fn client_ip(&self, request: &Parts) -> Option<IpAddr> {
        let ConnectInfo(peer) = request.extensions.get::<ConnectInfo<SocketAddr>>()?;
        self.0.proxies.load().client(peer.ip(), &request.headers)
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
        KeyVerification::Revoked(key) => {
            return reject(V1Error::key("This API key was revoked.").by_rule(RejectionRule::Revoked), key);
        }
        KeyVerification::Expired(key) => {
            return reject(V1Error::key("This API key has expired.").by_rule(RejectionRule::Expired), key);
        }
        KeyVerification::Disabled(key) => return reject(V1Error::leaked_key().by_rule(RejectionRule::Leaked), key),
        KeyVerification::Active(key) => key,
    };
    // From an unknown address, only a key without an allowlist is admitted.
    if !ip.map_or(key.ip_allowlist.is_empty(), |ip| key.allows_ip(ip)) {
        return reject(V1Error::ip_not_allowed(ip), key);
    }
    Ok(AuthenticatedKey { key, ip })
}
