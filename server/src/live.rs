//! Notifies open pages of stored calls and of the inbox, so that they show both within two seconds.
//!
//! It uses WebSockets, since a browser on HTTP/1.1 allows only six tabs with server-sent events. All sockets
//! of an organization share one query to the database (see [`crate::feeds`]).

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

use self::socket::stream_updates;
use crate::{context::RequestInfo, feeds::FeedSubscription, hub::Hub, security, server_functions::error_response};

/// Maximum size of a received message, in bytes: pages send none.
const MAX_MESSAGE_BYTES: usize = 4 * 1024;
/// Maximum bytes that may wait to be sent to a slow page: hundreds of messages.
const MAX_BACKLOG_BYTES: usize = 64 * 1024;
/// Seconds after which a page may try again if there are too many sockets.
const RETRY_AFTER_SECONDS: u32 = 15;

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
        return error_response(ApiError::Forbidden("The request came from another site.".to_owned()));
    }
    match subscribe(&hub, &info, &parameters.organization).await {
        Ok(subscription) => match upgrade {
            Ok(upgrade) => upgrade
                .max_message_size(MAX_MESSAGE_BYTES)
                .max_frame_size(MAX_MESSAGE_BYTES)
                .read_buffer_size(MAX_MESSAGE_BYTES)
                .write_buffer_size(0)
                .max_write_buffer_size(MAX_BACKLOG_BYTES)
                .on_upgrade(move |socket: WebSocket| stream_updates(socket, subscription)),
            Err(rejection) => rejection.into_response(),
        },
        Err(error @ ApiError::RateLimited { .. }) => {
            let mut answer = error_response(error);
            answer.headers_mut().insert(header::RETRY_AFTER, RETRY_AFTER_SECONDS.into());
            answer
        }
        Err(error) => error_response(error),
    }
}

/// Subscribes the caller's socket to an organization's feed.
async fn subscribe(hub: &Hub, info: &RequestInfo, slug: &str) -> Result<FeedSubscription, ApiError> {
    let token = info.session_token.as_deref().ok_or(ApiError::Unauthenticated)?;
    let caller = async {
        let user = authenticate_passively(&hub.services, token).await?;
        info.caller.set(services::security::SecurityCaller::User(user.user_id));
        let actor = actor(&hub.services, &user, slug, info.device.ip).await?;
        actor.reach(Permission::ViewUsage)?;
        Ok::<(_, OrganizationId), services::ServiceError>((user.session_id, actor.organization.id))
    };
    let (session, organization) = caller.await.map_err(app::api::context::public_error)?;
    let subscription = hub.feeds.subscribe(&hub.services, &hub.meter, organization, session);
    subscription.ok_or(ApiError::RateLimited { retry_after_seconds: RETRY_AFTER_SECONDS })
}
