//! The times at which shown keys are loaded again: after calls, and when one of them ends.

use std::time::Duration;

use domain::api_keys::ApiKey;
use leptos::{leptos_dom::helpers::TimeoutHandle, prelude::*};

use crate::{
    lean::watch,
    state::{now, use_clock, use_live},
};

/// Runs `refresh` at live updates, and again once the uses of keys have been written.
pub(super) fn follow_uses(refresh: impl Fn() + Copy + Send + Sync + 'static) {
    /// Uses are written once a second.
    const WRITE_DELAY: Duration = Duration::from_millis(1_500);
    let timer = StoredValue::new(None::<TimeoutHandle>);
    let cancel = move || {
        if let Some(handle) = timer.try_update_value(Option::take).flatten() {
            handle.clear();
        }
    };
    use_live().follow(move || {
        refresh();
        cancel();
        timer.set_value(set_timeout_with_handle(refresh, WRITE_DELAY).ok());
    });
    on_cleanup(cancel);
}

/// Runs `refresh` when a grace period or a key's life ends, which no live update reports.
pub(super) fn refresh_when_due(keys: impl Fn() -> Vec<ApiKey> + Send + Sync + 'static, refresh: impl Fn() + 'static) {
    let due = Memo::new(move |_| {
        let usable = keys().into_iter().filter(|key| key.status.is_usable());
        usable.flat_map(|key| [key.old_secret.map(|old| old.ends_at), key.expires_at]).flatten().min()
    });
    let clock = use_clock();
    watch(move || {
        if due.get().is_some_and(|due| due <= clock.now().max(now())) {
            refresh();
        }
    });
}
