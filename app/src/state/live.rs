//! Live updates of calls and the inbox, pushed by the server: one WebSocket for the open organization.

use std::{pin::Pin, time::Duration};

use domain::{ids::CallId, notifications::Unread};
use futures::{
    Sink, StreamExt,
    channel::oneshot,
    future::{self, Either},
};
use gloo_net::websocket::{Message, State, futures::WebSocket};
use gloo_timers::future::sleep;
use leptos::{prelude::*, task::spawn_local};
use serde::Deserialize;

use super::{
    boot,
    connection::{Connection, Connectivity, use_connection},
    json::Json,
};
use crate::lean::watch;

/// Delay before the first attempt to reconnect; it doubles up to [`MAX_RETRY_DELAY`].
const FIRST_RETRY_DELAY: Duration = Duration::from_millis(500);
const MAX_RETRY_DELAY: Duration = Duration::from_secs(15);
/// Minimum time between two refreshes of a page.
const MIN_REFRESH_INTERVAL: Duration = Duration::from_secs(1);

/// State of the live connection.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum LiveStatus {
    Connecting,
    Connected,
    /// Connected, but the user has paused updates.
    Paused,
    /// The server can't be reached; attempts to reconnect go on.
    Offline,
}

/// The organization's live updates.
#[derive(Clone, Copy)]
pub struct Live {
    connection: Connection,
    socket: RwSignal<LiveStatus>,
    paused: RwSignal<bool>,
    /// Whether a menu is open over the page, whose rows shouldn't move meanwhile.
    paused_by_menu: RwSignal<bool>,
    /// Notified when that menu is closed.
    waiting_for_menu: StoredValue<Vec<oneshot::Sender<()>>>,
    /// Counts new calls, and reconnections too, since calls may have been missed.
    news: RwSignal<u32>,
    /// The newest call announced so far, or that the page came with.
    latest: StoredValue<Option<CallId>>,
    unread: RwSignal<Option<Unread>>,
    /// Counts reconnections.
    reconnects: RwSignal<u32>,
}

/// A message of the server: at first the whole state, then its changes.
#[derive(Deserialize)]
struct LiveMessage {
    /// The newest call.
    latest: Option<CallId>,
    /// Number of unread notifications, for members with an inbox.
    unread: Option<Unread>,
}

impl Live {
    /// Connects to the organization with this slug until the current owner ends.
    pub fn provide(slug: &str) -> Self {
        let live = Self {
            connection: use_connection(),
            socket: RwSignal::new(LiveStatus::Connecting),
            paused: RwSignal::new(false),
            paused_by_menu: RwSignal::new(false),
            waiting_for_menu: StoredValue::default(),
            news: RwSignal::new(0),
            latest: StoredValue::new(boot::latest_call()),
            unread: RwSignal::new(None),
            reconnects: RwSignal::new(0),
        };
        let (updates, stop) = future::abortable(live.keep_connected(address(slug)));
        spawn_local(async move {
            // Aborted when the organization is left, which is no error.
            let _ = updates.await;
        });
        on_cleanup(move || stop.abort());
        provide_context(live);
        live
    }

    /// The state of the live updates, which never contradicts that of the [`Connection`].
    pub fn status(&self) -> LiveStatus {
        match (self.connection.state(), self.socket.get()) {
            (Connectivity::Unreachable | Connectivity::Offline, _) => LiveStatus::Offline,
            (Connectivity::Online, LiveStatus::Connected) if self.paused.get() => LiveStatus::Paused,
            (Connectivity::Online, status) => status,
        }
    }

    /// Pauses or resumes updates.
    pub fn toggle_pause(&self) {
        self.paused.update(|paused| *paused = !*paused);
    }

    /// Pauses updates while a menu is open over the page.
    pub fn pause_while(&self, menu_open: bool) {
        self.paused_by_menu.try_set(menu_open);
        if !menu_open {
            for waiting in self.waiting_for_menu.try_update_value(std::mem::take).unwrap_or_default() {
                // Not awaited anymore if its page was left.
                let _ = waiting.send(());
            }
        }
    }

    /// Waits until no menu is open over the page: a refreshed row would take its menu along.
    pub(super) async fn menu_closed(&self) {
        if self.paused_by_menu.try_get_untracked() == Some(true) {
            let (sender, closed) = oneshot::channel();
            self.waiting_for_menu.try_update_value(|waiting| waiting.push(sender));
            // Canceled if the organization is left.
            let _ = closed.await;
        }
    }

    /// The latest count of unread notifications from the server.
    pub fn unread(&self) -> Option<Unread> {
        self.unread.get()
    }

    /// Repeats the surrounding query after each reconnection, since updates may have been missed.
    pub fn track_reconnects(&self) {
        self.reconnects.track();
    }

    /// Runs `refresh` at each update, but at most once per [`MIN_REFRESH_INTERVAL`]. While updates are paused
    /// or the page is hidden, it waits for the end of that.
    pub fn follow(&self, refresh: impl Fn() + Copy + Send + Sync + 'static) {
        let live = *self;
        let hidden = RwSignal::new(document().hidden());
        let visibility = leptos::leptos_dom::helpers::window_event_listener_untyped("visibilitychange", move |_| {
            hidden.set(document().hidden());
        });
        on_cleanup(move || visibility.remove());
        let seen = StoredValue::new(self.news.get_untracked());
        let interval_over = RwSignal::new(true);
        watch(move || {
            let news = live.news.get();
            let blocked = live.paused.get() || live.paused_by_menu.get() || hidden.get() || !interval_over.get();
            if blocked || news == seen.get_value() {
                return;
            }
            seen.set_value(news);
            interval_over.set(false);
            set_timeout(
                move || {
                    // Disposed of if the page was left.
                    let _ = interval_over.try_set(true);
                },
                MIN_REFRESH_INTERVAL,
            );
            refresh();
        });
    }

    async fn keep_connected(self, address: String) {
        let mut delay = FIRST_RETRY_DELAY;
        loop {
            if let Ok(mut socket) = WebSocket::open(&address)
                && wait_until_open(&mut socket).await
            {
                let reconnected = delay > FIRST_RETRY_DELAY || self.socket.get_untracked() == LiveStatus::Offline;
                delay = FIRST_RETRY_DELAY;
                self.socket.set(LiveStatus::Connected);
                self.connection.set_server_lost(false);
                if reconnected {
                    self.news.update(|count| *count += 1);
                    self.reconnects.update(|count| *count += 1);
                }
                self.receive(&mut socket).await;
            }
            self.socket.set(LiveStatus::Offline);
            self.connection.set_server_lost(true);
            let network_changed = Box::pin(self.connection.network_changed());
            future::select(Box::pin(sleep(delay)), network_changed).await;
            delay = (delay * 2).min(MAX_RETRY_DELAY);
        }
    }

    /// Applies messages until the connection ends, or the network it used.
    async fn receive(&self, socket: &mut WebSocket) {
        let mut network_changed = Box::pin(self.connection.network_changed());
        loop {
            let received = match future::select(socket.next(), &mut network_changed).await {
                Either::Left((received, _)) => Some(received),
                Either::Right(_) => None,
            };
            match received {
                Some(Some(Ok(message))) => self.apply(&message),
                Some(_) => return,
                // Without a network, a connection looks alive for minutes.
                None if !self.connection.has_network() => return,
                None => network_changed = Box::pin(self.connection.network_changed()),
            }
        }
    }

    fn apply(&self, message: &Message) {
        let Message::Text(text) = message else { return };
        let Ok(LiveMessage { latest, unread }) = Json::parse(text).and_then(Json::read) else { return };
        if latest.is_some() && latest != self.latest.get_value() {
            self.latest.set_value(latest);
            self.news.update(|count| *count += 1);
        }
        if unread.is_some() {
            self.unread.set(unread);
        }
    }
}

/// Waits until the socket is open or has failed; returns whether it is open.
async fn wait_until_open(socket: &mut WebSocket) -> bool {
    let ready = future::poll_fn(|context| Pin::new(&mut *socket).poll_ready(context)).await;
    ready.is_ok() && matches!(socket.state(), State::Open)
}

pub fn use_live() -> Live {
    expect_context()
}

/// The WebSocket address for the organization with this slug.
fn address(slug: &str) -> String {
    let location = window().location();
    let scheme = if location.protocol().is_ok_and(|protocol| protocol == "https:") { "wss" } else { "ws" };
    format!("{scheme}://{}/api/live?organization={slug}", location.host().unwrap_or_default())
}
