//! CSV of what the screen shows, made on the server and streamed.

mod api_keys;
mod calls;
mod csv;
mod usage;

use app::addresses::Query;
use domain::errors::ApiError;
use services::Actor;

pub(crate) use self::{api_keys::export as api_keys, calls::export as calls, usage::export as usage};
use crate::{context::RequestInfo, hub::Hub};

/// Who is signed in, acting in the organization that `slug` names. Doesn't count as activity:
/// a page left open would otherwise keep its session alive for ever.
pub(crate) async fn session_actor(hub: &Hub, info: &RequestInfo, slug: &str) -> Result<Actor, ApiError> {
    let token = info.session_token.as_deref().ok_or(ApiError::Unauthenticated)?;
    let actor = async {
        let user = services::accounts::authenticate_passively(&hub.services, token).await?;
        services::accounts::actor(&hub.services, &user, slug, info.device.ip).await
    };
    actor.await.map_err(app::api::context::public)
}

/// The organization's slug in a query string.
fn organization(query: &str) -> Result<String, ApiError> {
    Query::parse(query).text("organization").map(str::to_owned).ok_or(ApiError::NotFound)
}
