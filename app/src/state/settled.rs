use std::time::Duration;

use leptos::{leptos_dom::helpers::TimeoutHandle, prelude::*};

use super::watch;

/// How long somebody has to pause.
const PAUSE: Duration = Duration::from_millis(200);

/// What was typed, once somebody pauses: for what asks the server.
pub fn settled(typed: RwSignal<String>) -> ReadSignal<String> {
    let settled = RwSignal::new(typed.get_untracked());
    let waiting = StoredValue::new(None::<TimeoutHandle>);
    watch(move || {
        let text = typed.get();
        if let Some(before) = waiting.get_value() {
            before.clear();
        }
        let settle = move || {
            // Gone with the page it was for.
            let _ = settled.try_set(text);
        };
        waiting.set_value(set_timeout_with_handle(settle, PAUSE).ok());
    });
    settled.read_only()
}
