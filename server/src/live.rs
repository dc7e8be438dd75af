//! Tells open pages of calls that were stored and of the inbox, so that they show both within two seconds.
//!
//! A WebSocket rather than server-sent events, of which a browser allows six tabs on HTTP/1.1. All sockets of an organization
//! are fed by one question to the database (see [`feeds`]).

mod feeds;
mod socket;

use axum::{
    extract::{
        Query, State, WebSocketUpgrade,
        ws::{WebSocket, rejection::WebSocketUpgradeRejection},
    },
    http::{HeaderMap, header},
    response::{IntoResponse, Response},
};
use domain::{errors::ApiError, ids::OrganizationId, permissions::Permission};
use serde::Deserialize;
use services::accounts::{actor, authenticate_passively};

pub(crate) use self::feeds::Feeds;
use self::{feeds::Watching, socket::tell};
use crate::{answers::error, context::RequestInfo, hub::Hub, security};

/// Largest message that is read, in bytes: pages send none.
const LARGEST_MESSAGE: usize = 4 * 1024;
/// How much may wait to be sent to a page that is slow, in bytes: hundreds of messages.
const LARGEST_BACKLOG: usize = 64 * 1024;
/// In how many seconds a page may try again that found too many.
const LATER: u32 = 15;

#[derive(Deserialize)]
pub(crate) struct Parameters {
    organization: String,
}

pub(crate) async fn connect(
    State(hub): State<Hub>,
    info: RequestInfo,
    headers: HeaderMap,
    Query(parameters): Query<Parameters>,
    upgrade: Result<WebSocketUpgrade, WebSocketUpgradeRejection>,
) -> Response {
    // Browsers don't keep other sites from opening sockets here: RFC 6455, section 10.2.
    if !security::is_same_origin(&headers, &info.origin) {
        return error(ApiError::Forbidden("The request came from another site.".to_owned()));
    }
    match watch(&hub, &info, &parameters.organization).await {
        Ok(watching) => match upgrade {
            Ok(upgrade) => upgrade
                .max_message_size(LARGEST_MESSAGE)
                .max_frame_size(LARGEST_MESSAGE)
                .read_buffer_size(LARGEST_MESSAGE)
                .write_buffer_size(0)
                .max_write_buffer_size(LARGEST_BACKLOG)
                .on_upgrade(move |socket: WebSocket| tell(socket, watching)),
            Err(no_socket) => no_socket.into_response(),
        },
        Err(refusal @ ApiError::RateLimited { .. }) => {
            let mut answer = error(refusal);
            answer.headers_mut().insert(header::RETRY_AFTER, LATER.into());
            answer
        }
        Err(refusal) => error(refusal),
    }
}

/// A place for a socket of whoever asks.
async fn watch(hub: &Hub, info: &RequestInfo, slug: &str) -> Result<Watching, ApiError> {
    let token = info.session_token.as_deref().ok_or(ApiError::Unauthenticated)?;
    let found = async {
        let user = authenticate_passively(&hub.services, token).await?;
        info.known.set(services::security::Asker::User(user.user_id));
        let actor = actor(&hub.services, &user, slug, info.device.ip).await?;
        actor.reach(Permission::ViewUsage)?;
        Ok::<(_, OrganizationId), services::ServiceError>((user.session_id, actor.organization.id))
    };
    let (session, organization) = found.await.map_err(app::api::context::public)?;
    let watching = hub.feeds.enter(&hub.services, &hub.meter, organization, session);
    watching.ok_or(ApiError::RateLimited { retry_after_seconds: LATER })
}
