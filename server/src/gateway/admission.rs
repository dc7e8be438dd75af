//! Whether a key lets its bearer in.

use std::sync::Arc;

use axum::http::HeaderMap;
use services::api_keys::directory::{KeyRecord, Verification};

use super::{Gateway, credentials, refusal::Refusal};

/// Somebody who isn't let in. With a key that exists, or did, the refusal belongs into its log.
pub(super) struct Denied {
    pub(super) refusal: Refusal,
    pub(super) key: Option<Arc<KeyRecord>>,
}

impl From<Refusal> for Denied {
    fn from(refusal: Refusal) -> Self {
        Self { refusal, key: None }
    }
}

impl Gateway {
    /// The key that a request carries, if it may call models at all.
    pub(super) async fn admit(&self, headers: &HeaderMap) -> Result<Arc<KeyRecord>, Denied> {
        let secret = credentials::secret(headers)?;
        let verification = self.directory.verify(&secret).await.map_err(|error| {
            tracing::error!(%error, "a key can't be looked up");
            Refusal::unavailable()
        })?;
        let denied = |refusal, key| Err(Denied { refusal, key: Some(key) });
        match verification {
            Verification::Unknown => Err(credentials::unknown().into()),
            Verification::Revoked(key) => denied(Refusal::key("This API key was revoked."), key),
            Verification::Expired(key) => denied(Refusal::key("This API key has expired."), key),
            Verification::Disabled(key) => denied(Refusal::key("This API key is disabled."), key),
            Verification::Active(key) if !key.level.may_call_models() => {
                denied(Refusal::insufficient_permissions(), key)
            }
            Verification::Active(key) if key.project_archived => denied(Refusal::project_archived(), key),
            Verification::Active(key) => Ok(key),
        }
    }
}
