use leptos::{ev, prelude::*, task::spawn_local};

use super::{session::CurrentSession, session_query::query_as};
use crate::api;

/// Minimum time between two reports, in milliseconds.
const REPORT_INTERVAL: f64 = 60_000.0;

/// Reports input to the server while the user is active, so that the session doesn't time out.
///
/// Queries that a page repeats on live updates keep no session alive.
pub fn report_activity(session: CurrentSession) {
    let last_report = StoredValue::new(js_sys::Date::now());
    let report = move || {
        let now = js_sys::Date::now();
        if now - last_report.get_value() < REPORT_INTERVAL || session.viewer.with_untracked(Option::is_none) {
            return;
        }
        last_report.set_value(now);
        spawn_local(async move {
            // `query_as` notices an ended session; other errors don't matter here.
            let _ = query_as(session, &api::accounts::TouchSession {}).await;
        });
    };
    window_event_listener(ev::pointerdown, move |_| report());
    window_event_listener(ev::keydown, move |_| report());
}
