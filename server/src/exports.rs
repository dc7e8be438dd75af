//! CSV of what the screen shows, made on the server and streamed.

mod api_keys;
mod calls;
mod csv;
mod usage;

use app::addresses::Query;
use axum::{
    extract::FromRequestParts,
    http::request::Parts,
    response::{IntoResponse, Response},
};
use domain::errors::ApiError;
use services::{Actor, ServiceError, security};

pub(crate) use self::{api_keys::export as api_keys, calls::export as calls, usage::export as usage};
use crate::{answers, context::RequestInfo, hub::Hub};

/// Whoever asks for a file, and the query that says what of.
pub(crate) struct Asker {
    hub: Hub,
    actor: Actor,
    query: String,
    form: csv::Form,
}

impl FromRequestParts<Hub> for Asker {
    type Rejection = Refused;

    async fn from_request_parts(parts: &mut Parts, hub: &Hub) -> Result<Self, Refused> {
        let Ok(info) = RequestInfo::from_request_parts(parts, hub).await;
        let query = parts.uri.query().unwrap_or_default().to_owned();
        let asked = Query::parse(&query);
        let actor = session_actor(hub, &info, organization(&asked)?).await?;
        Ok(Self { hub: hub.clone(), actor, form: csv::Form::of(&asked), query })
    }
}

/// Why there is no file.
pub(crate) struct Refused(ApiError);

impl From<ApiError> for Refused {
    fn from(error: ApiError) -> Self {
        Self(error)
    }
}

impl From<ServiceError> for Refused {
    fn from(error: ServiceError) -> Self {
        Self(app::api::context::public(error))
    }
}

impl IntoResponse for Refused {
    fn into_response(self) -> Response {
        answers::error(self.0)
    }
}

/// Who is signed in, acting in the organization that `slug` names. Doesn't count as activity:
/// a page left open would otherwise keep its session alive for ever.
pub(crate) async fn session_actor(hub: &Hub, info: &RequestInfo, slug: &str) -> Result<Actor, ApiError> {
    let token = info.session_token.as_deref().ok_or(ApiError::Unauthenticated)?;
    let actor = async {
        let user = services::accounts::authenticate_passively(&hub.services, token).await?;
        info.known.set(security::Asker::User(user.user_id));
        services::accounts::actor(&hub.services, &user, slug, info.device.ip).await
    };
    actor.await.map_err(app::api::context::public)
}

/// The organization's slug in a query.
fn organization(query: &Query) -> Result<&str, ApiError> {
    query.text("organization").ok_or(ApiError::NotFound)
}
