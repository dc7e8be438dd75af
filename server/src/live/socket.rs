//! One open page.

use std::time::Duration;

use axum::{
    body::Bytes,
    extract::ws::{CloseFrame, Message, WebSocket, close_code},
};
use domain::{ids::CallId, notifications::Unread};
use serde::Serialize;
use services::live::Standing;
use tokio::time::{Instant, MissedTickBehavior, interval_at, timeout};

use super::feeds::Watching;

/// How often a page is asked whether it is still there. One that says nothing from one time to the next has gone.
const BEAT: Duration = Duration::from_secs(30);
/// How much a page may say between two of them: it has no reason to say more than that it is there.
const MOST_SAID: u32 = 20;
/// How long a page may take to take a message.
const LONGEST_SEND: Duration = Duration::from_secs(30);
/// How long a page may take to hear why it is closed.
const CLOSING: Duration = Duration::from_secs(5);

/// How things stand; as a message, what of it has changed.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq, Serialize)]
struct News {
    /// The newest call, if there ever was one.
    #[serde(skip_serializing_if = "Option::is_none")]
    latest: Option<CallId>,
    /// How many notices the member hasn't read; nothing for whoever has no inbox.
    #[serde(skip_serializing_if = "Option::is_none")]
    unread: Option<Unread>,
}

impl News {
    /// For the watcher's session; `None` where that has ended.
    fn of(standing: &Standing, watching: &Watching) -> Option<Self> {
        let unread = *standing.watchers.get(&watching.session)?;
        Some(Self { latest: standing.latest, unread })
    }

    /// Without what is as it was, so that pages don't ask for calls again because of a notice.
    fn since(self, before: Self) -> Self {
        Self {
            latest: self.latest.filter(|_| self.latest != before.latest),
            unread: self.unread.filter(|_| self.unread != before.unread),
        }
    }
}

/// Why a page is told no more.
enum End {
    /// It has gone, or doesn't take what it is sent.
    Gone,
    /// Its session has ended.
    SignedOut,
    /// It sends what no page of ours does.
    Talks,
}

/// Sends how things stand whenever that changes, until the browser leaves or the session ends.
pub(super) async fn tell(mut socket: WebSocket, watching: Watching) {
    let (code, reason) = match follow(&mut socket, &watching).await {
        End::Gone => return,
        End::SignedOut => (close_code::POLICY, "the session has ended"),
        End::Talks => (close_code::POLICY, "nothing is to be sent here"),
    };
    let close = Message::Close(Some(CloseFrame { code, reason: reason.into() }));
    // It closes either way. What the page has sent is read first: otherwise its system might throw the reason away.
    let _ = timeout(CLOSING, async {
        if socket.send(close).await.is_ok() {
            while let Some(Ok(_)) = socket.recv().await {}
        }
    })
    .await;
}

async fn follow(socket: &mut WebSocket, watching: &Watching) -> End {
    let mut told = watching.told();
    // It may have been said between the request for the socket and now.
    told.mark_changed();
    let mut beat = interval_at(Instant::now() + BEAT, BEAT);
    beat.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut before: Option<News> = None;
    // How often it has said that it is there since it was asked.
    let mut said = 1;
    loop {
        tokio::select! {
            message = socket.recv() => match message {
                Some(Ok(Message::Ping(_) | Message::Pong(_))) if said < MOST_SAID => said += 1,
                Some(Ok(Message::Close(_)) | Err(_)) | None => return End::Gone,
                Some(Ok(_)) => return End::Talks,
            },
            _ = beat.tick() => {
                if std::mem::take(&mut said) == 0 || !send(socket, Message::Ping(Bytes::new())).await {
                    return End::Gone;
                }
            }
            changed = told.changed() => {
                if changed.is_err() {
                    return End::Gone;
                }
                let now = told.borrow_and_update().clone();
                if now.asked < watching.since {
                    continue;
                }
                let Some(news) = News::of(&now.standing, watching) else { return End::SignedOut };
                // At first everything: what the page was answered before may be older than this connection.
                let changed = match before.replace(news) {
                    Some(before) if before == news => continue,
                    Some(before) => news.since(before),
                    None => news,
                };
                let Ok(text) = serde_json::to_string(&changed) else { return End::Gone };
                if !send(socket, Message::text(text)).await {
                    return End::Gone;
                }
            }
        }
    }
}

async fn send(socket: &mut WebSocket, message: Message) -> bool {
    matches!(timeout(LONGEST_SEND, socket.send(message)).await, Ok(Ok(())))
}
