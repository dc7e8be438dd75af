//! `POST /v1/keys/verify`: whether a key is valid for a use.

use std::net::IpAddr;

use axum::{Json, extract::State};
use domain::{
    api_keys::{Level, Scope, Secret},
    ids::{ApiKeyId, OrganizationId, ProjectId, UserId},
};
use serde::{Deserialize, Serialize};
use services::{api_keys::directory::KeyRecord, rate_limits::LimitStatus};

use super::{
    ChecksState,
    key_check::{KeyCheck, RequestedUse},
};
use crate::v1::{caller::Caller, credentials, error::V1Error, input::JsonBody, state::KeyRejection};

pub(super) const PATH: &str = "/v1/keys/verify";

/// The request: a key and its intended use.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct VerifyRequest {
    key: String,
    #[serde(default)]
    model: Option<String>,
    /// A path, such as `/v1/chat/completions`.
    #[serde(default)]
    endpoint: Option<String>,
    #[serde(default)]
    scope: Option<Scope>,
    #[serde(default)]
    ip: Option<IpAddr>,
    /// Whether this check stands for a call, which counts toward the key's limits.
    #[serde(default)]
    count: bool,
}

/// The response: whether the key is valid for the use; if not, the gateway's answer to it. Fields that are
/// unknown, or that the caller may not see, are `null`.
#[derive(Default, Serialize)]
pub(super) struct VerifyResponse {
    object: &'static str,
    valid: bool,
    code: Option<&'static str>,
    message: Option<String>,
    /// The status that the gateway would have answered with.
    status: u16,
    key_id: Option<ApiKeyId>,
    name: Option<String>,
    project_id: Option<ProjectId>,
    organization_id: Option<OrganizationId>,
    member_id: Option<UserId>,
    level: Option<Level>,
    scopes: Option<Vec<Scope>>,
    /// The key's expiration, in seconds of Unix time.
    expires_at: Option<i64>,
    /// Calls left within this minute; `null` if they aren't limited.
    remaining: Option<u32>,
    /// Tokens left within this minute; `null` if they aren't limited.
    remaining_tokens: Option<u32>,
    /// When to try again, if the key is over a limit.
    retry_after_seconds: Option<u64>,
}

pub(super) async fn verify(
    State(state): State<ChecksState>,
    caller: Caller,
    JsonBody(body): JsonBody<VerifyRequest>,
) -> Result<Json<VerifyResponse>, V1Error> {
    let actor = caller.with(Scope::KeysVerify)?;
    let requested = match (body.scope, &body.endpoint) {
        (Some(scope), _) => RequestedUse::Scope(scope),
        (None, Some(path)) => RequestedUse::of_path(path),
        (None, None) => RequestedUse::Anything,
    };
    let ChecksState { v1, gateway } = &state;
    let Ok(secret) = Secret::parse(body.key.trim()) else {
        return Ok(Json(VerifyResponse::refused(&credentials::unknown())));
    };
    let check = KeyCheck {
        organization: actor.organization.id,
        secret: &secret,
        requested,
        model: body.model.as_deref(),
        ip: body.ip,
    };
    match check.run(&state).await {
        Ok(authenticated) => {
            v1.record_use_by(&authenticated, None);
            let pace_result = if body.count {
                gateway.pace(&authenticated.key).map(drop)
            } else {
                gateway.is_within_limits(&authenticated.key)
            };
            let (calls, tokens) = gateway.limit_status(&authenticated.key);
            let answer = match pace_result {
                Ok(()) => VerifyResponse { valid: true, status: 200, ..VerifyResponse::of_key(&authenticated.key) },
                Err(refusal) => VerifyResponse::rejected_key(&authenticated.key, &refusal),
            };
            let remaining = |status: Option<LimitStatus>| status.map(|status| status.remaining);
            Ok(Json(VerifyResponse { remaining: remaining(calls), remaining_tokens: remaining(tokens), ..answer }))
        }
        // A server error: no key can be checked now.
        Err(KeyRejection { refusal, key: None }) if refusal.status.is_server_error() => Err(refusal),
        Err(KeyRejection { refusal, key: None }) => Ok(Json(VerifyResponse::refused(&refusal))),
        Err(KeyRejection { refusal, key: Some(key) }) => Ok(Json(VerifyResponse::rejected_key(&key, &refusal))),
    }
}

impl VerifyResponse {
    fn refused(refusal: &V1Error) -> Self {
        Self {
            object: "key.verification",
            code: Some(refusal.code),
            message: Some(refusal.message()),
            status: refusal.status.as_u16(),
            retry_after_seconds: refusal.retry_after(),
            ..Self::default()
        }
    }

    /// The response for a rejected key that the caller may see.
    fn rejected_key(key: &KeyRecord, refusal: &V1Error) -> Self {
        let Self { code, message, status, retry_after_seconds, .. } = Self::refused(refusal);
        Self { code, message, status, retry_after_seconds, ..Self::of_key(key) }
    }

    fn of_key(key: &KeyRecord) -> Self {
        Self {
            object: "key.verification",
            key_id: Some(key.api_key_id),
            name: Some(key.name.to_string()),
            project_id: key.project_id,
            organization_id: Some(key.organization.id),
            member_id: key.member_id,
            level: Some(key.level),
            scopes: Some(key.scopes.to_vec()),
            expires_at: key.expires_at().map(|end| end.millis().div_euclid(1000)),
            ..Self::default()
        }
    }
}
