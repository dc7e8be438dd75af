use std::time::Duration;

use leptos::{leptos_dom::helpers::TimeoutHandle, prelude::*};

use crate::lean::watch;

/// Length of the pause in typing that triggers an update.
const DEBOUNCE: Duration = Duration::from_millis(200);

/// A copy of `typed` that follows once typing pauses, for queries to the server.
pub fn debounced(typed: RwSignal<String>) -> ReadSignal<String> {
    let text = RwSignal::new(typed.get_untracked());
    // The signals may be disposed of together with the page.
    let update = debounce(move || drop(text.try_set(typed.try_get_untracked().unwrap_or_default())));
    watch(move || {
        typed.track();
        update();
    });
    text.read_only()
}

/// Delays `run` until the returned function hasn't been called for [`DEBOUNCE`], maybe after the owner's end.
pub fn debounce(run: impl Fn() + Clone + Send + Sync + 'static) -> impl Fn() + Clone + Send + Sync + 'static {
    let timer = StoredValue::new(None::<TimeoutHandle>);
    move || {
        let next = set_timeout_with_handle(run.clone(), DEBOUNCE).ok();
        if let Some(previous) = timer.try_update_value(|timer| std::mem::replace(timer, next)).flatten() {
            previous.clear();
        }
    }
}
