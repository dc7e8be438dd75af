use std::time::Duration;

use leptos::{leptos_dom::helpers::TimeoutHandle, prelude::*};

use super::watch;

/// How long somebody has to pause.
const PAUSE: Duration = Duration::from_millis(200);

/// What was typed, once somebody pauses: for what asks the server.
pub fn settled(typed: RwSignal<String>) -> ReadSignal<String> {
    let settled = RwSignal::new(typed.get_untracked());
    // Gone with the page it was for.
    let settle = after_pause(move || drop(settled.try_set(typed.try_get_untracked().unwrap_or_default())));
    watch(move || {
        typed.track();
        settle();
    });
    settled.read_only()
}

/// What runs `run` once it hasn't been called for a moment. `run` may come after the owner's end.
pub fn after_pause(run: impl Fn() + Clone + Send + Sync + 'static) -> impl Fn() + Clone + Send + Sync + 'static {
    let waiting = StoredValue::new(None::<TimeoutHandle>);
    move || {
        let last = set_timeout_with_handle(run.clone(), PAUSE).ok();
        if let Some(before) = waiting.try_update_value(|waiting| std::mem::replace(waiting, last)).flatten() {
            before.clear();
        }
    }
}
