//! The connection to the server: one state for all that shows it, and attempts that are repeated while it is lost.

use std::time::Duration;

use futures::channel::oneshot;
use leptos::{ev, leptos_dom::helpers::TimeoutHandle, prelude::*};

use crate::lean::watch;

/// Delay before a failed attempt is repeated; it doubles up to [`MAX_RETRY_DELAY`].
const FIRST_RETRY_DELAY: Duration = Duration::from_secs(1);
const MAX_RETRY_DELAY: Duration = Duration::from_secs(30);

/// The state of the connection.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Connectivity {
    /// Nothing is known to be wrong.
    Online,
    /// The server doesn't answer.
    Unreachable,
    /// The browser has no network.
    Offline,
}

/// The connection as the browser and the live updates report it.
#[derive(Clone, Copy)]
pub struct Connection {
    has_network: RwSignal<bool>,
    is_server_lost: RwSignal<bool>,
    /// Counts how often the network or the server came back.
    recoveries: RwSignal<u32>,
    /// Notified when the network goes or comes.
    network_watchers: StoredValue<Vec<oneshot::Sender<()>>>,
}

impl Connection {
    pub fn provide() {
        let connection = Self {
            has_network: RwSignal::new(window().navigator().on_line()),
            is_server_lost: RwSignal::new(false),
            recoveries: RwSignal::new(0),
            network_watchers: StoredValue::default(),
        };
        window_event_listener(ev::online, move |_| connection.set_network(true));
        window_event_listener(ev::offline, move |_| connection.set_network(false));
        provide_context(connection);
    }

    pub fn state(&self) -> Connectivity {
        if !self.has_network.get() {
            Connectivity::Offline
        } else if self.is_server_lost.get() {
            Connectivity::Unreachable
        } else {
            Connectivity::Online
        }
    }

    /// Records whether the server answers.
    pub(super) fn set_server_lost(&self, lost: bool) {
        if self.is_server_lost.get_untracked() != lost {
            self.is_server_lost.set(lost);
            if !lost {
                self.recoveries.update(|count| *count += 1);
            }
        }
    }

    /// Whether the browser has a network.
    pub(super) fn has_network(&self) -> bool {
        self.has_network.get_untracked()
    }

    /// Waits until the network goes or comes.
    pub(super) async fn network_changed(&self) {
        let (sender, changed) = oneshot::channel();
        self.network_watchers.update_value(|watchers| watchers.push(sender));
        // Never canceled: the connection exists as long as the page.
        let _ = changed.await;
    }

    fn set_network(&self, has_network: bool) {
        self.has_network.set(has_network);
        if has_network {
            self.recoveries.update(|count| *count += 1);
        }
        for watcher in self.network_watchers.try_update_value(std::mem::take).unwrap_or_default() {
            // Not awaited any more if its organization was left.
            let _ = watcher.send(());
        }
    }
}

pub fn use_connection() -> Connection {
    expect_context()
}

/// Repeats a failed attempt by `retry`: after growing delays, and at once when the connection is back.
///
/// `has_failed` is `None` while an attempt is under way. Boxed, so that this is compiled only once.
pub fn retry_while(has_failed: Box<dyn Fn() -> Option<bool>>, retry: Callback<()>) {
    let connection = use_connection();
    let attempts = StoredValue::new(0_u32);
    let seen = StoredValue::new(connection.recoveries.get_untracked());
    let timer = StoredValue::new(None::<TimeoutHandle>);
    let cancel = move || {
        if let Some(handle) = timer.try_update_value(Option::take).flatten() {
            handle.clear();
        }
    };
    watch(move || {
        let recoveries = connection.recoveries.get();
        let Some(failed) = has_failed() else { return };
        cancel();
        let is_back = seen.get_value() != recoveries;
        seen.set_value(recoveries);
        if !failed || is_back {
            attempts.set_value(0);
        }
        if !failed {
            return;
        }
        if is_back {
            return untrack(|| retry.run(()));
        }
        let delay = (FIRST_RETRY_DELAY * 2_u32.pow(attempts.get_value().min(5))).min(MAX_RETRY_DELAY);
        attempts.update_value(|attempts| *attempts += 1);
        timer.set_value(set_timeout_with_handle(move || retry.run(()), delay).ok());
    });
    on_cleanup(cancel);
}

/// Delays of attempts that are made before there is a [`Connection`], at the start of the dashboard.
pub fn retry_delays() -> impl Iterator<Item = Duration> {
    std::iter::successors(Some(FIRST_RETRY_DELAY), |delay| Some((*delay * 2).min(MAX_RETRY_DELAY)))
}
