//! `POST /v1/keys/verify`: whether a key is valid for a use.

use std::net::IpAddr;

use axum::{Json, extract::State};
use domain::{
    api_keys::{Level, Scope, Secret},
    ids::{ApiKeyId, OrganizationId, ProjectId, UserId},
    permissions::Permission,
};
use serde::{Deserialize, Serialize};
use services::{api_keys::directory::KeyRecord, rate_limits::LimitStatus};
use utoipa::ToSchema;

use super::{
    ChecksState,
    key_check::{KeyCheck, RequestedUse},
};
use crate::v1::{caller::Caller, credentials, error::V1Error, input::JsonBody, state::KeyRejection};

pub(super) const PATH: &str = "/v1/keys/verify";

/// A key and its intended use. What is left out isn't checked.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct VerifyRequest {
    /// Secret of the key.
    key: String,
    /// Model that must be offered, and that the key may call.
    #[serde(default)]
    model: Option<String>,
    /// Path such as `/v1/chat/completions`, whose scope the key must have. A path that isn't Tollhouse's takes a
    /// key that may call models and isn't restricted to scopes.
    #[serde(default)]
    endpoint: Option<String>,
    /// Scope that the key must have, instead of that of `endpoint`.
    #[serde(default)]
    scope: Option<Scope>,
    /// Address of the client. If it is left out, only keys without an allowlist of networks are valid.
    #[serde(default)]
    #[schema(value_type = Option<String>)]
    ip: Option<IpAddr>,
    /// Whether this check stands for a call, which counts toward the key's rate limits.
    #[serde(default)]
    count: bool,
}

/// Whether a key is valid for a use; if not, what the gateway would answer to it. Fields of a key that is unknown,
/// or belongs to another organization, are `null`.
#[derive(Default, Serialize, ToSchema)]
pub(super) struct VerifyResponse {
    #[schema(example = "key.verification")]
    object: &'static str,
    valid: bool,
    /// Code of the error; `null` if the key is valid.
    #[schema(required)]
    code: Option<&'static str>,
    /// Message of the error, for people; `null` if the key is valid.
    #[schema(required)]
    message: Option<String>,
    /// HTTP status of the error; 200 if the key is valid.
    status: u16,
    #[schema(required)]
    key_id: Option<ApiKeyId>,
    /// Name of the key.
    #[schema(required)]
    name: Option<String>,
    #[schema(required)]
    project_id: Option<ProjectId>,
    #[schema(required)]
    organization_id: Option<OrganizationId>,
    /// Creator of the key.
    #[schema(required)]
    member_id: Option<UserId>,
    #[schema(required)]
    level: Option<Level>,
    /// Scopes that the key is restricted to; empty for all of its level.
    #[schema(required)]
    scopes: Option<Vec<Scope>>,
    /// End of the key's life, in seconds of Unix time; `null` if it never expires.
    #[schema(required)]
    expires_at: Option<i64>,
    /// Calls left within this minute; `null` if they aren't limited.
    #[schema(required)]
    remaining: Option<u32>,
    /// Tokens left within this minute; `null` if they aren't limited.
    #[schema(required)]
    remaining_tokens: Option<u32>,
    /// Seconds after which to try again, if the key is over a limit.
    #[schema(required)]
    retry_after_seconds: Option<u64>,
}

/// Verifies whether a key is valid for a use.
///
/// The response is 200 whether the key is valid or not.
#[utoipa::path(
    post,
    path = "/v1/keys/verify",
    operation_id = "verify-key",
    tag = "Checks",
    security(("bearer" = ["keys.verify"])),
    request_body = VerifyRequest,
    responses((status = 200, description = "Whether the key is valid", body = VerifyResponse))
)]
pub(super) async fn verify(
    State(state): State<ChecksState>,
    caller: Caller,
    JsonBody(body): JsonBody<VerifyRequest>,
) -> Result<Json<VerifyResponse>, V1Error> {
    let actor = caller.with(Permission::VerifyKeys)?;
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
