//! The socket of one open page.

use std::time::Duration;

use axum::{
    body::Bytes,
    extract::ws::{CloseFrame, Message, WebSocket, close_code},
};
use domain::{ids::CallId, notifications::Unread};
use serde::Serialize;
use services::live::LiveState;
use tokio::time::{Instant, MissedTickBehavior, interval_at, timeout};

use crate::feeds::FeedSubscription;

/// Interval of pings. A page that sends nothing in one interval is gone.
const PING_INTERVAL: Duration = Duration::from_secs(30);
/// Maximum messages from a page in one interval: it has no reason to send anything but pongs.
const MAX_RECEIVED_MESSAGES: u32 = 20;
/// Time for sending a message to a page.
const SEND_TIMEOUT: Duration = Duration::from_secs(30);
/// Time for sending the reason for closing.
const CLOSE_TIMEOUT: Duration = Duration::from_secs(5);

/// An organization's state for one page; as a message, only the fields that have changed.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq, Serialize)]
struct LiveMessage {
    /// The newest call, if there is any.
    #[serde(skip_serializing_if = "Option::is_none")]
    latest: Option<CallId>,
    /// Number of the member's unread notices; `None` for users without an inbox.
    #[serde(skip_serializing_if = "Option::is_none")]
    unread: Option<Unread>,
}

impl LiveMessage {
    /// The state for the subscription's session; `None` if that has ended.
    fn of(state: &LiveState, subscription: &FeedSubscription) -> Option<Self> {
        let unread = *state.watchers.get(&subscription.session)?;
        Some(Self { latest: state.latest, unread })
    }

    /// The fields that differ from `before`, so that pages don't load calls again because of a notice.
    fn changes_since(self, before: Self) -> Self {
        Self {
            latest: self.latest.filter(|_| self.latest != before.latest),
            unread: self.unread.filter(|_| self.unread != before.unread),
        }
    }
}

/// The reason for ending a page's updates.
enum CloseReason {
    /// The page is gone, or doesn't read.
    Gone,
    /// The page's session has ended.
    SignedOut,
    /// The page sends messages that the dashboard never does.
    UnexpectedMessage,
}

/// Sends the state whenever it changes, until the browser leaves or the session ends.
pub(super) async fn stream_updates(mut socket: WebSocket, subscription: FeedSubscription) {
    let (code, reason) = match send_changes(&mut socket, &subscription).await {
        CloseReason::Gone => return,
        CloseReason::SignedOut => (close_code::POLICY, "the session has ended"),
        CloseReason::UnexpectedMessage => (close_code::POLICY, "nothing is to be sent here"),
    };
    let close = Message::Close(Some(CloseFrame { code, reason: reason.into() }));
    // The connection closes either way. The page's messages are read first: otherwise its system might
    // discard the reason.
    let _ = timeout(CLOSE_TIMEOUT, async {
        if socket.send(close).await.is_ok() {
            while let Some(Ok(_)) = socket.recv().await {}
        }
    })
    .await;
}

async fn send_changes(socket: &mut WebSocket, subscription: &FeedSubscription) -> CloseReason {
    let mut snapshots = subscription.snapshots();
    // A snapshot may have come between the request for the socket and now.
    snapshots.mark_changed();
    let mut ping = interval_at(Instant::now() + PING_INTERVAL, PING_INTERVAL);
    ping.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut before: Option<LiveMessage> = None;
    // Messages received since the last ping.
    let mut received = 1;
    loop {
        tokio::select! {
            message = socket.recv() => match message {
                Some(Ok(Message::Ping(_) | Message::Pong(_))) if received < MAX_RECEIVED_MESSAGES => received += 1,
                Some(Ok(Message::Close(_)) | Err(_)) | None => return CloseReason::Gone,
                Some(Ok(_)) => return CloseReason::UnexpectedMessage,
            },
            _ = ping.tick() => {
                if std::mem::take(&mut received) == 0 || !send(socket, Message::Ping(Bytes::new())).await {
                    return CloseReason::Gone;
                }
            }
            changed = snapshots.changed() => {
                if changed.is_err() {
                    return CloseReason::Gone;
                }
                let now = snapshots.borrow_and_update().clone();
                if now.queried_at < subscription.since {
                    continue;
                }
                let Some(current) = LiveMessage::of(&now.state, subscription) else { return CloseReason::SignedOut };
                // The first message is complete: the page's earlier answers may be older than this
                // connection.
                let changed = match before.replace(current) {
                    Some(before) if before == current => continue,
                    Some(before) => current.changes_since(before),
                    None => current,
                };
                let Ok(text) = serde_json::to_string(&changed) else { return CloseReason::Gone };
                if !send(socket, Message::text(text)).await {
                    return CloseReason::Gone;
                }
            }
        }
    }
}

async fn send(socket: &mut WebSocket, message: Message) -> bool {
    matches!(timeout(SEND_TIMEOUT, socket.send(message)).await, Ok(Ok(())))
}
