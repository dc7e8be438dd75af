//! Tells open pages of calls that were stored and of the inbox, so that they show both within two seconds.
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
use domain::{errors::ApiError, ids::CallId, notifications::Unread, permissions::Permission};
use serde::{Deserialize, Serialize};
use services::{Actor, ServiceResult, Services};
use tokio::{
    sync::broadcast::error::RecvError,
    time::{Instant, MissedTickBehavior},
};

use crate::{answers::error, context::RequestInfo, exports::session_actor, hub::Hub, security};

/// How often the database is asked for what came by other servers, and whether the session still stands.
const POLL: Duration = Duration::from_secs(1);
/// Least time between two messages.
const PAUSE: Duration = Duration::from_millis(400);

#[derive(Deserialize)]
pub(crate) struct Parameters {
    organization: String,
}

/// How things stand; as a message, what of it has changed.
#[derive(Clone, Copy, Eq, PartialEq, Serialize)]
struct News {
    /// The newest call, if there ever was one.
    #[serde(skip_serializing_if = "Option::is_none")]
    latest: Option<CallId>,
    /// How many notices the member hasn't read; nothing for whoever has no inbox.
    #[serde(skip_serializing_if = "Option::is_none")]
    unread: Option<Unread>,
}

impl News {
    async fn read(services: &Services, actor: &Actor) -> ServiceResult<Self> {
        let unread = match actor.reach(Permission::ViewNotifications) {
            Ok(_) => Some(services::notifications::unread(services, actor).await?),
            Err(_) => None,
        };
        Ok(Self { latest: services::calls::latest(services, actor.organization.id).await?, unread })
    }

    /// Without what is as it was, so that pages don't ask for calls again because of a notice.
    fn since(self, before: Self) -> Self {
        Self {
            latest: self.latest.filter(|_| self.latest != before.latest),
            unread: self.unread.filter(|_| self.unread != before.unread),
        }
    }
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

/// Sends how things stand whenever that changes, until the browser leaves or the session ends.
async fn watch(mut socket: WebSocket, hub: Hub, info: RequestInfo, slug: String, mut actor: Actor) {
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
                Ok(stored) if stored != actor.organization.id => continue,
                Ok(_) | Err(RecvError::Lagged(_)) => tokio::time::sleep_until(last_sent + PAUSE).await,
                Err(RecvError::Closed) => return,
            },
            _ = poll.tick() => check_session = true,
        }
        if check_session {
            match may_watch(&hub, &info, &slug).await {
                // Their role may have changed.
                Ok(current) => actor = current,
                Err(_) => return,
            }
        }
        let Ok(news) = News::read(&hub.services, &actor).await else { continue };
        // At first everything: what the page was answered before may be older than this connection.
        let changed = match told.replace(news) {
            Some(before) if before == news => continue,
            Some(before) => news.since(before),
            None => news,
        };
        let Ok(text) = serde_json::to_string(&changed) else { return };
        if socket.send(Message::text(text)).await.is_err() {
            return;
        }
        last_sent = Instant::now();
    }
}
