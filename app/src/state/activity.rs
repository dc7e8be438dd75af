use leptos::{ev, prelude::*, task::spawn_local};

use super::{Session, ask_as};
use crate::api;

/// Between two words to the server, in milliseconds.
const PAUSE: f64 = 60_000.0;

/// Tells the server that somebody is there, so that the session doesn't end under their hands.
///
/// What pages ask by themselves, when there is news, keeps no session alive.
pub fn report_activity(session: Session) {
    let last = StoredValue::new(js_sys::Date::now());
    let noticed = move || {
        let now = js_sys::Date::now();
        if now - last.get_value() < PAUSE || session.viewer.with_untracked(Option::is_none) {
            return;
        }
        last.set_value(now);
        spawn_local(async move {
            // That the session is over is noticed; nothing else matters here.
            let _ = ask_as(session, &api::accounts::Stay {}).await;
        });
    };
    window_event_listener(ev::pointerdown, move |_| noticed());
    window_event_listener(ev::keydown, move |_| noticed());
}
