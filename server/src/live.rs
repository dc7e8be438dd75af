//! Tells open pages when calls were stored, so that they show them within two seconds.
//!
//! A WebSocket rather than server-sent events, of which a browser allows six tabs on HTTP/1.1.

use std::time::Duration;

use axum::{
    extract::{
        Query, State, WebSocketUpgrade,
        ws::{Message, WebSocket, rejection::WebSocketUpgradeRejection},
    },
    http::HeaderMap,
    response::{IntoResponse, Response},
};
use domain::{errors::ApiError, ids::CallId, permissions::Permission};
use serde::{Deserialize, Serialize};
use services::Actor;
use tokio::{
    sync::broadcast::error::RecvError,
    time::{Instant, MissedTickBehavior},
};

use crate::{answers::error, context::RequestInfo, exports::session_actor, hub::Hub, security};

/// How often the database is asked for calls that another server stored, and whether the session still stands.
const POLL: Duration = Duration::from_secs(1);
/// Least time between two messages.
const PAUSE: Duration = Duration::from_millis(400);

#[derive(Deserialize)]
pub(crate) struct Parameters {
    organization: String,
}

#[derive(Serialize)]
struct News {
    latest: CallId,
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
    match may_watch(&hub, &info, &parameters.organization).await {
        Ok(actor) => match upgrade {
            Ok(upgrade) => upgrade.on_upgrade(move |socket| watch(socket, hub, info, parameters.organization, actor)),
            Err(no_socket) => no_socket.into_response(),
        },
        Err(refusal) => error(refusal),
    }
}

async fn may_watch(hub: &Hub, info: &RequestInfo, organization: &str) -> Result<Actor, ApiError> {
    let actor = session_actor(hub, info, organization).await?;
    actor.reach(Permission::ViewUsage).map_err(app::api::context::public)?;
    Ok(actor)
}

/// Sends the newest call's id whenever there is a newer one, until the browser leaves or the session ends.
async fn watch(mut socket: WebSocket, hub: Hub, info: RequestInfo, slug: String, actor: Actor) {
    let organization = actor.organization.id;
    let mut stored = hub.meter.subscribe();
    let mut poll = tokio::time::interval(POLL);
    poll.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut told = None;
    let mut last_sent = Instant::now() - PAUSE;
    loop {
        let mut check_session = false;
        tokio::select! {
            message = socket.recv() => match message {
                Some(Ok(Message::Close(_)) | Err(_)) | None => return,
                Some(Ok(_)) => continue,
            },
            news = stored.recv() => match news {
                Ok(stored) if stored != organization => continue,
                Ok(_) | Err(RecvError::Lagged(_)) => tokio::time::sleep_until(last_sent + PAUSE).await,
                Err(RecvError::Closed) => return,
            },
            _ = poll.tick() => check_session = true,
        }
        if check_session && may_watch(&hub, &info, &slug).await.is_err() {
            return;
        }
        let Ok(latest) = services::calls::latest(&hub.services, organization).await else { continue };
        let first = told.is_none();
        if latest == told.flatten() && !first {
            continue;
        }
        told = Some(latest);
        // What was there before the page opened is no news.
        let (Some(latest), false) = (latest, first) else { continue };
        let Ok(text) = serde_json::to_string(&News { latest }) else { return };
        if socket.send(Message::text(text)).await.is_err() {
            return;
        }
        last_sent = Instant::now();
    }
}
