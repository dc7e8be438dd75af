//! Choices saved in the browser between visits. Without local storage, a choice lasts as long as the page.

use leptos::prelude::window;

pub(super) fn load(key: &str) -> Option<String> {
    storage()?.get_item(key).ok().flatten()
}

pub(super) fn save(key: &str, value: &str) {
    if let Some(storage) = storage() {
        let _ = storage.set_item(key, value);
    }
}

/// The storage key that another tab has changed.
pub(super) fn changed_key(event: &web_sys::StorageEvent) -> Option<String> {
    event.key()
}

fn storage() -> Option<web_sys::Storage> {
    window().local_storage().ok().flatten()
}
