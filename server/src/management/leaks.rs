//! `POST /v1/keys/report-leak`: reports leaked keys, which disables them.
//!
//! It takes the requests of GitHub's secret scanning, and answers as GitHub requires of its partners:
//! <https://docs.github.com/en/code-security/secret-scanning/secret-scanning-partnership-program/secret-scanning-partner-program>.
//! No key is needed: the secret itself is the proof, and this path can only disable it.

use axum::{
    Json,
    extract::{FromRequestParts, State},
    http::request::Parts,
};
use base64::{Engine, prelude::BASE64_STANDARD};
use serde::{Deserialize, Serialize};
use services::{
    address_limits::LimitedAction,
    api_keys::{LeakReport, MAX_REPORTS, report_leaks},
};
use sha2::{Digest, Sha256};
use utoipa::ToSchema;

use crate::v1::{error::V1Error, input::JsonBody, state::V1State};

pub(super) const PATH: &str = "/v1/keys/report-leak";

/// Maximum body size.
const MAX_REPORT_BYTES: usize = 512 * 1024;
/// The type of a token if the report gives none.
const DEFAULT_TOKEN_TYPE: &str = "tollhouse_api_key";

/// A client within the limit of reports.
pub(super) struct Reporter;

impl FromRequestParts<V1State> for Reporter {
    type Rejection = V1Error;

    async fn from_request_parts(parts: &mut Parts, v1: &V1State) -> Result<Self, V1Error> {
        let client_ip = v1.client_ip(parts);
        v1.services().address_limits().count(LimitedAction::LeakReport, client_ip)?;
        Ok(Self)
    }
}

/// A token that was found where it shouldn't be. Other fields are ignored.
#[derive(Deserialize, ToSchema)]
pub(super) struct FoundKey {
    /// The token, which is a key's secret.
    token: String,
    /// Type of the token, which is only repeated in the response; `tollhouse_api_key` if left out.
    #[serde(default)]
    r#type: Option<String>,
    /// Address where it was found.
    #[serde(default)]
    url: Option<String>,
    /// Kind of that place, such as `commit`.
    #[serde(default)]
    source: Option<String>,
}

/// Whether a reported token is a key of this server.
#[derive(Serialize, ToSchema)]
pub(super) struct Feedback {
    /// Base64 of the SHA-256 of the token as it was reported.
    token_hash: String,
    token_type: String,
    #[schema(inline)]
    label: FeedbackLabel,
}

/// `true_positive` for a key of this server, whatever its status.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
enum FeedbackLabel {
    TruePositive,
    FalsePositive,
}

/// Disables leaked keys.
///
/// Takes the requests of GitHub's secret scanning, at most 500 tokens at once, and needs no key: the reported
/// secret itself is the proof. Its key is disabled at once and for ever, and those responsible are notified.
#[utoipa::path(
    post,
    path = "/v1/keys/report-leak",
    operation_id = "report-leak",
    tag = "Leaks",
    request_body = Vec<FoundKey>,
    responses((status = 200, description = "A verdict for each token, in the order of the request", body = Vec<Feedback>))
)]
pub(super) async fn report(
    State(v1): State<V1State>,
    Reporter: Reporter,
    JsonBody(found_keys): JsonBody<Vec<FoundKey>, MAX_REPORT_BYTES>,
) -> Result<Json<Vec<Feedback>>, V1Error> {
    if found_keys.len() > MAX_REPORTS {
        return Err(V1Error::malformed(format!("Report at most {MAX_REPORTS} tokens per request.")));
    }
    let reports: Vec<LeakReport> = found_keys.iter().map(FoundKey::to_report).collect();
    let verdicts = report_leaks(v1.services(), &reports).await?;
    Ok(Json(
        found_keys.into_iter().zip(verdicts).map(|(found_key, verdict)| found_key.feedback(verdict.is_key())).collect(),
    ))
}

impl FoundKey {
    fn to_report(&self) -> LeakReport {
        let found_at = self.url.as_ref().or(self.source.as_ref());
        LeakReport { secret: self.token.clone(), place: found_at.cloned().unwrap_or_default() }
    }

    fn feedback(self, is_key: bool) -> Feedback {
        Feedback {
            token_hash: BASE64_STANDARD.encode(Sha256::digest(self.token.as_bytes())),
            token_type: self.r#type.unwrap_or_else(|| DEFAULT_TOKEN_TYPE.to_owned()),
            label: if is_key { FeedbackLabel::TruePositive } else { FeedbackLabel::FalsePositive },
        }
    }
}
