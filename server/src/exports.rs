//! Exports: the dashboard's data as files, written while they are sent or stored by a job.

mod api_keys;
mod calls;
pub(crate) mod csv;
mod download;
mod file;
mod focus;
mod job;
mod usage;

use app::addresses::Query;
use axum::{
    extract::FromRequestParts,
    http::{HeaderMap, header, request::Parts},
    response::{IntoResponse, Response},
};
use domain::{
    errors::{ApiError, FieldErrors},
    exports::{ExportSource, FileFormat},
};
use services::{Actor, ServiceError, Services, exports::ExportFolder, security};

use self::file::ExportFile;
pub(crate) use self::{api_keys::export as api_keys, download::download, job::handlers};
use crate::{
    config::Config, context::RequestInfo, export_slots::ExportSlot, hub::Hub, server_functions::error_response,
};

/// Media types by which a program asks for JSON Lines.
const JSON_LINES_TYPES: [&str; 3] = ["application/x-ndjson", "application/jsonl", "application/x-jsonlines"];

/// The folder of files that jobs made, with SQLite.
pub(crate) fn folder(config: &Config) -> ExportFolder {
    ExportFolder::new(config.data.join("exports"))
}

/// Calls as CSV, or as JSON Lines for a client that asks for that by `Accept`.
pub(crate) async fn calls(request: ExportRequest) -> Result<ExportFile, ExportError> {
    let format = if request.accepts_json_lines { FileFormat::JsonLines } else { FileFormat::Csv };
    request.file(ExportSource::Calls, format).await
}

/// Calls as JSON Lines.
pub(crate) async fn calls_as_json_lines(request: ExportRequest) -> Result<ExportFile, ExportError> {
    request.file(ExportSource::Calls, FileFormat::JsonLines).await
}

/// Usage as CSV.
pub(crate) async fn usage(request: ExportRequest) -> Result<ExportFile, ExportError> {
    request.file(ExportSource::Usage, FileFormat::Csv).await
}

/// Cost as CSV, in the columns of FOCUS.
pub(crate) async fn cost(request: ExportRequest) -> Result<ExportFile, ExportError> {
    request.file(ExportSource::Cost, FileFormat::Csv).await
}

/// Begins the file of these data in this format.
async fn open(
    services: &Services,
    actor: &Actor,
    (source, format): (ExportSource, FileFormat),
    query: &str,
) -> Result<ExportFile, ApiError> {
    match source {
        ExportSource::Calls => calls::file(services, actor, format, query).await,
        ExportSource::Usage => usage::file(services, actor, query).await,
        ExportSource::Cost => focus::file(services, actor, query).await,
    }
}

/// A request for a file: the user, the query and the format.
pub(crate) struct ExportRequest {
    hub: Hub,
    actor: Actor,
    query: String,
    accepts_json_lines: bool,
}

impl ExportRequest {
    async fn file(self, source: ExportSource, format: FileFormat) -> Result<ExportFile, ExportError> {
        let slot = take_slot(&self.hub, &self.actor)?;
        let file = open(&self.hub.services, &self.actor, (source, format), &self.query).await?;
        Ok(file.with_slot(slot))
    }
}

/// Takes the slot of a file that is sent while it is read.
fn take_slot(hub: &Hub, actor: &Actor) -> Result<ExportSlot, ApiError> {
    hub.export_slots.take(actor.user_id().ok_or(ApiError::Unauthenticated)?)
}

impl FromRequestParts<Hub> for ExportRequest {
    type Rejection = ExportError;

    async fn from_request_parts(parts: &mut Parts, hub: &Hub) -> Result<Self, ExportError> {
        let Ok(info) = RequestInfo::from_request_parts(parts, hub).await;
        let query = parts.uri.query().unwrap_or_default().to_owned();
        let actor = session_actor(hub, &info, organization(&Query::parse(&query))?).await?;
        let accepts_json_lines = accepts(&parts.headers, &JSON_LINES_TYPES);
        Ok(Self { hub: hub.clone(), actor, query, accepts_json_lines })
    }
}

/// Whether a client asks for one of these media types: it names it, since `*/*` gets the usual one.
pub(crate) fn accepts(headers: &HeaderMap, media_types: &[&str]) -> bool {
    let accepted = headers.get_all(header::ACCEPT).into_iter().filter_map(|value| value.to_str().ok());
    let types = accepted.flat_map(|value| value.split(',')).filter_map(|range| range.split(';').next());
    types.map(str::trim).any(|name| media_types.iter().any(|media_type| name.eq_ignore_ascii_case(media_type)))
}

/// The reason why there is no file.
pub(crate) struct ExportError(ApiError);

impl From<ApiError> for ExportError {
    fn from(error: ApiError) -> Self {
        Self(error)
    }
}

impl From<ServiceError> for ExportError {
    fn from(error: ServiceError) -> Self {
        Self(public(error))
    }
}

impl IntoResponse for ExportError {
    fn into_response(self) -> Response {
        let retry_after = match &self.0 {
            ApiError::RateLimited { retry_after_seconds } => Some(*retry_after_seconds),
            _ => None,
        };
        let mut answer = error_response(self.0);
        if let Some(seconds) = retry_after {
            answer.headers_mut().insert(header::RETRY_AFTER, seconds.into());
        }
        answer
    }
}

/// The signed-in user, acting in the organization that `slug` names. This doesn't count as activity: an open
/// page would otherwise keep its session alive forever.
pub(crate) async fn session_actor(hub: &Hub, info: &RequestInfo, slug: &str) -> Result<Actor, ApiError> {
    let token = info.session_token.as_deref().ok_or(ApiError::Unauthenticated)?;
    let actor = async {
        let user = services::accounts::authenticate_passively(&hub.services, token).await?;
        info.caller.set(security::SecurityCaller::User(user.user_id));
        services::accounts::actor(&hub.services, &user, slug, info.device.ip).await
    };
    actor.await.map_err(app::api::context::public_error)
}

/// A service's error as clients see it; one of the server itself is logged.
fn public(error: ServiceError) -> ApiError {
    app::api::context::public_error(error)
}

/// Rejects a query with values that can't be used: without them, the file would hold something else.
fn require_valid(invalid: &[&'static str]) -> Result<(), ApiError> {
    let mut errors = FieldErrors::default();
    invalid.iter().for_each(|name| errors.add(name, format!("The value of `{name}` isn't valid.")));
    Ok(errors.into_result()?)
}

/// The organization's slug in a query.
fn organization(query: &Query) -> Result<&str, ApiError> {
    query.text("organization").ok_or(ApiError::NotFound)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn another_type_is_for_clients_that_name_it() {
        let accepts_json_lines = |value: &'static str| {
            let headers = [(header::ACCEPT, header::HeaderValue::from_static(value))].into_iter().collect();
            accepts(&headers, &JSON_LINES_TYPES)
        };
        for value in ["application/x-ndjson", "text/html, application/jsonl;q=0.9", "Application/X-NDJSON"] {
            assert!(accepts_json_lines(value), "{value}");
        }
        for value in ["*/*", "application/*", "text/csv", "application/json", ""] {
            assert!(!accepts_json_lines(value), "{value}");
        }
        assert!(!accepts(&HeaderMap::new(), &JSON_LINES_TYPES));
    }
}
