//! `POST /v1/keys/verify`: what a key is good for.

use std::net::IpAddr;

use axum::{Json, extract::State};
use domain::{
    api_keys::{Level, Scope, Secret},
    ids::{ApiKeyId, OrganizationId, ProjectId, UserId},
};
use serde::{Deserialize, Serialize};
use services::{api_keys::directory::KeyRecord, rate_limits::Standing};

use super::key_check::{Question, Wanted};
use crate::{
    management::Management,
    v1::{admission::Denied, caller::Caller, credentials, error::Refusal, input::Body},
};

pub(crate) const PATH: &str = "/v1/keys/verify";

/// A key, and what it is to be used for.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Asked {
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
    /// Whether this stands for a call, which its limits are to count.
    #[serde(default)]
    count: bool,
}

/// Whether it is good for that; if not, what the gateway would have answered. What isn't known, or isn't the asker's to
/// know, is `null`.
#[derive(Default, Serialize)]
pub(crate) struct Answer {
    object: &'static str,
    valid: bool,
    code: Option<&'static str>,
    message: Option<String>,
    /// As the gateway would have answered.
    status: u16,
    key_id: Option<ApiKeyId>,
    name: Option<String>,
    project_id: Option<ProjectId>,
    organization_id: Option<OrganizationId>,
    member_id: Option<UserId>,
    level: Option<Level>,
    scopes: Option<Vec<Scope>>,
    /// When it stops to work, in seconds of Unix time.
    expires_at: Option<i64>,
    /// How many calls are left within this minute; `null` where they aren't limited.
    remaining: Option<u32>,
    /// The same of tokens.
    remaining_tokens: Option<u32>,
    /// When to try again, where it was too fast.
    retry_after_seconds: Option<u64>,
}

pub(crate) async fn verify(
    State(management): State<Management>,
    caller: Caller,
    Body(asked): Body<Asked>,
) -> Result<Json<Answer>, Refusal> {
    let actor = caller.with(Scope::KeysVerify)?;
    let wanted = match (asked.scope, &asked.endpoint) {
        (Some(scope), _) => Wanted::Scope(scope),
        (None, Some(path)) => Wanted::at(path),
        (None, None) => Wanted::Anything,
    };
    let gateway = &management.gateway;
    let Ok(secret) = Secret::parse(asked.key.trim()) else { return Ok(Json(Answer::refused(&credentials::unknown()))) };
    let question = Question {
        organization: actor.organization.id,
        secret: &secret,
        wanted,
        model: asked.model.as_deref(),
        ip: asked.ip,
    };
    match question.answer(gateway).await {
        Ok(bearer) => {
            gateway.note_use_by(&bearer, None);
            let paced = if asked.count { gateway.pace(&bearer.key).map(drop) } else { gateway.keeps_pace(&bearer.key) };
            let (calls, tokens) = gateway.standing(&bearer.key);
            let answer = match paced {
                Ok(()) => Answer { valid: true, status: 200, ..Answer::about(&bearer.key) },
                Err(refusal) => Answer::of(&bearer.key, &refusal),
            };
            let remaining = |standing: Option<Standing>| standing.map(|standing| standing.remaining);
            Ok(Json(Answer { remaining: remaining(calls), remaining_tokens: remaining(tokens), ..answer }))
        }
        // Nothing can be said of any key.
        Err(Denied { refusal, key: None }) if refusal.status.is_server_error() => Err(refusal),
        Err(Denied { refusal, key: None }) => Ok(Json(Answer::refused(&refusal))),
        Err(Denied { refusal, key: Some(key) }) => Ok(Json(Answer::of(&key, &refusal))),
    }
}

impl Answer {
    fn refused(refusal: &Refusal) -> Self {
        Self {
            object: "key.verification",
            code: Some(refusal.code),
            message: Some(refusal.message()),
            status: refusal.status.as_u16(),
            retry_after_seconds: refusal.retry_after(),
            ..Self::default()
        }
    }

    /// A refusal of a key that is the asker's to know.
    fn of(key: &KeyRecord, refusal: &Refusal) -> Self {
        let Self { code, message, status, retry_after_seconds, .. } = Self::refused(refusal);
        Self { code, message, status, retry_after_seconds, ..Self::about(key) }
    }

    fn about(key: &KeyRecord) -> Self {
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
