//! `POST /v1/keys/report-leak`: whoever found a key tells of it, and it stops working.
//!
//! Takes what GitHub's secret scanning sends, and answers as it asks its partners to:
//! <https://docs.github.com/en/code-security/secret-scanning/secret-scanning-partnership-program/secret-scanning-partner-program>.
//! No key is needed: holding the secret is the proof, and all that it is good for here is to end it.

use axum::{
    Json,
    extract::{FromRequestParts, State},
    http::request::Parts,
};
use base64::{Engine, prelude::BASE64_STANDARD};
use serde::{Deserialize, Serialize};
use services::{
    address_limits::Doing,
    api_keys::{LeakReport, MOST_REPORTS, report_leaks},
};
use sha2::{Digest, Sha256};

use super::Management;
use crate::v1::error::Refusal;
use crate::v1::input::Body;

pub(super) const PATH: &str = "/v1/keys/report-leak";

/// Largest body, in bytes.
const LARGEST_REPORT: usize = 512 * 1024;
/// What a key is called where the report calls it nothing.
const TOKEN_TYPE: &str = "tollhouse_api_key";

/// Somebody who doesn't report too often.
pub(super) struct Reporter;

impl FromRequestParts<Management> for Reporter {
    type Rejection = Refusal;

    async fn from_request_parts(parts: &mut Parts, management: &Management) -> Result<Self, Refusal> {
        let from = management.gateway.client_ip(parts);
        management.hub.services.address_limits().take(Doing::LeakReport, from)?;
        Ok(Self)
    }
}

/// A key that was found. What else the report says is of no use here.
#[derive(Deserialize)]
pub(super) struct Found {
    token: String,
    #[serde(default)]
    r#type: Option<String>,
    /// Where it was found.
    #[serde(default)]
    url: Option<String>,
    /// What kind of place that is, such as `commit`.
    #[serde(default)]
    source: Option<String>,
}

/// Whether it was a key of ours.
#[derive(Serialize)]
pub(super) struct Feedback {
    /// Base64 of the SHA-256 of the token as it was reported.
    token_hash: String,
    token_type: String,
    label: &'static str,
}

pub(super) async fn report(
    State(management): State<Management>,
    Reporter: Reporter,
    Body(found): Body<Vec<Found>, LARGEST_REPORT>,
) -> Result<Json<Vec<Feedback>>, Refusal> {
    if found.len() > MOST_REPORTS {
        return Err(Refusal::malformed(format!("Report at most {MOST_REPORTS} tokens at once.")));
    }
    let reports: Vec<LeakReport> = found.iter().map(Found::to_report).collect();
    let verdicts = report_leaks(&management.hub.services, &reports).await?;
    Ok(Json(found.into_iter().zip(verdicts).map(|(found, verdict)| found.feedback(verdict.is_key())).collect()))
}

impl Found {
    fn to_report(&self) -> LeakReport {
        let place = self.url.as_ref().or(self.source.as_ref());
        LeakReport { secret: self.token.clone(), place: place.cloned().unwrap_or_default() }
    }

    fn feedback(self, is_key: bool) -> Feedback {
        Feedback {
            token_hash: BASE64_STANDARD.encode(Sha256::digest(self.token.as_bytes())),
            token_type: self.r#type.unwrap_or_else(|| TOKEN_TYPE.to_owned()),
            label: if is_key { "true_positive" } else { "false_positive" },
        }
    }
}
