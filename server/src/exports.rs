//! CSV exports of the dashboard's tables, streamed by the server.

mod api_keys;
mod calls;
pub(crate) mod csv;
mod usage;

use app::addresses::Query;
use axum::{
    extract::FromRequestParts,
    http::request::Parts,
    response::{IntoResponse, Response},
};
use domain::errors::{ApiError, FieldErrors};
use services::{Actor, ServiceError, security};

pub(crate) use self::{api_keys::export as api_keys, calls::export as calls, usage::export as usage};
use crate::{context::RequestInfo, hub::Hub, server_functions::error_response};

/// A request for a file: the user, the query and the format.
pub(crate) struct ExportRequest {
    hub: Hub,
    actor: Actor,
    query: String,
    format: csv::CsvFormat,
}

impl FromRequestParts<Hub> for ExportRequest {
    type Rejection = ExportError;

    async fn from_request_parts(parts: &mut Parts, hub: &Hub) -> Result<Self, ExportError> {
        let Ok(info) = RequestInfo::from_request_parts(parts, hub).await;
        let query = parts.uri.query().unwrap_or_default().to_owned();
        let parsed = Query::parse(&query);
        let actor = session_actor(hub, &info, organization(&parsed)?).await?;
        Ok(Self { hub: hub.clone(), actor, format: csv::CsvFormat::from_query(&parsed), query })
    }
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
        Self(app::api::context::public_error(error))
    }
}

impl IntoResponse for ExportError {
    fn into_response(self) -> Response {
        error_response(self.0)
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
