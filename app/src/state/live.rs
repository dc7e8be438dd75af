//! News of calls and of the inbox, pushed by the server: one WebSocket for an organization, for as long as it is open.

use std::{pin::Pin, time::Duration};

use domain::{ids::CallId, notifications::Unread};
use futures::{Sink, StreamExt, future};
use gloo_net::websocket::{Message, State, futures::WebSocket};
use gloo_timers::future::sleep;
use leptos::{prelude::*, task::spawn_local};
use serde::Deserialize;

use super::{boot, json::Json, watch};

/// Before the first attempt to connect again, and at most before each further one.
const FIRST_PAUSE: Duration = Duration::from_millis(500);
const LONGEST_PAUSE: Duration = Duration::from_secs(15);
/// A page asks again at most this often.
const CALM: Duration = Duration::from_secs(1);

/// Whether news come in.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum LiveStatus {
    Connecting,
    Connected,
    /// Connected, but somebody wants what is shown to stay.
    Paused,
    /// The server can't be reached; it is tried again and again.
    Offline,
}

/// What the server tells by itself.
#[derive(Clone, Copy)]
pub struct Live {
    connection: RwSignal<LiveStatus>,
    paused: RwSignal<bool>,
    /// Whether a menu is open over the page, whose rows shouldn't move meanwhile.
    held: RwSignal<bool>,
    /// Counts the news; also after each reconnection, since some may have been missed.
    news: RwSignal<u32>,
    /// The newest call there was news of, or that the page came with.
    latest: StoredValue<Option<CallId>>,
    unread: RwSignal<Option<Unread>>,
    /// Counts how often the connection came back.
    returns: RwSignal<u32>,
}

/// What the server sends: at first how things stand, then what of it has changed.
#[derive(Deserialize)]
struct News {
    /// The newest call.
    latest: Option<CallId>,
    /// How many notifications aren't read, for those who have an inbox.
    unread: Option<Unread>,
}

impl Live {
    /// Connects to the organization with this slug until the current owner ends.
    pub fn provide(slug: &str) -> Self {
        let live = Self {
            connection: RwSignal::new(LiveStatus::Connecting),
            paused: RwSignal::new(false),
            held: RwSignal::new(false),
            news: RwSignal::new(0),
            latest: StoredValue::new(boot::latest_call()),
            unread: RwSignal::new(None),
            returns: RwSignal::new(0),
        };
        let (connection, stop) = future::abortable(live.keep_connected(address(slug)));
        spawn_local(async move {
            // Aborted when the organization is left; there is nothing to tell then.
            let _ = connection.await;
        });
        on_cleanup(move || stop.abort());
        provide_context(live);
        live
    }

    pub fn status(&self) -> LiveStatus {
        match self.connection.get() {
            LiveStatus::Connected if self.paused.get() => LiveStatus::Paused,
            status => status,
        }
    }

    /// Holds what is shown as it is, or lets it go on.
    pub fn toggle_pause(&self) {
        self.paused.update(|paused| *paused = !*paused);
    }

    /// Keeps what is shown as it is while somebody chooses from a menu over it.
    pub fn hold(&self, on: bool) {
        self.held.try_set(on);
    }

    /// How many notifications aren't read, each time the server says so.
    pub fn unread(&self) -> Option<Unread> {
        self.unread.get()
    }

    /// Asks anew after the connection came back, by being read in a question: something may have been missed.
    pub fn ask_again_after_gaps(&self) {
        self.returns.track();
    }

    /// Runs `refresh` when there are news: at once, but at most once a second, and while paused or out of sight only
    /// when that is over.
    pub fn follow(&self, refresh: impl Fn() + Copy + Send + Sync + 'static) {
        let live = *self;
        let hidden = RwSignal::new(document().hidden());
        let visibility = leptos::leptos_dom::helpers::window_event_listener_untyped("visibilitychange", move |_| {
            hidden.set(document().hidden());
        });
        on_cleanup(move || visibility.remove());
        let seen = StoredValue::new(self.news.get_untracked());
        let calm = RwSignal::new(true);
        watch(move || {
            let news = live.news.get();
            let held = live.paused.get() || live.held.get() || hidden.get() || !calm.get();
            if held || news == seen.get_value() {
                return;
            }
            seen.set_value(news);
            calm.set(false);
            set_timeout(
                move || {
                    // Gone with the page it was for.
                    let _ = calm.try_set(true);
                },
                CALM,
            );
            refresh();
        });
    }

    async fn keep_connected(self, address: String) {
        let mut pause = FIRST_PAUSE;
        loop {
            if let Ok(mut socket) = WebSocket::open(&address)
                && is_open(&mut socket).await
            {
                let again = pause > FIRST_PAUSE || self.connection.get_untracked() == LiveStatus::Offline;
                pause = FIRST_PAUSE;
                self.connection.set(LiveStatus::Connected);
                if again {
                    self.news.update(|count| *count += 1);
                    self.returns.update(|count| *count += 1);
                }
                while let Some(Ok(message)) = socket.next().await {
                    self.hear(&message);
                }
            }
            self.connection.set(LiveStatus::Offline);
            sleep(pause).await;
            pause = (pause * 2).min(LONGEST_PAUSE);
        }
    }

    fn hear(&self, message: &Message) {
        let Message::Text(text) = message else { return };
        let Ok(News { latest, unread }) = Json::parse(text).and_then(Json::read) else { return };
        if latest.is_some() && latest != self.latest.get_value() {
            self.latest.set_value(latest);
            self.news.update(|count| *count += 1);
        }
        if unread.is_some() {
            self.unread.set(unread);
        }
    }
}

/// Waits until the socket is open or has failed to.
async fn is_open(socket: &mut WebSocket) -> bool {
    let ready = future::poll_fn(|context| Pin::new(&mut *socket).poll_ready(context)).await;
    ready.is_ok() && matches!(socket.state(), State::Open)
}

pub fn use_live() -> Live {
    expect_context()
}

/// Where the server sends news of the organization with this slug.
fn address(slug: &str) -> String {
    let location = window().location();
    let scheme = if location.protocol().is_ok_and(|protocol| protocol == "https:") { "wss" } else { "ws" };
    format!("{scheme}://{}/api/live?organization={slug}", location.host().unwrap_or_default())
}
