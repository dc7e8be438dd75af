//! What this browser keeps between visits. Where it keeps nothing, a choice lasts as long as the page.

use leptos::prelude::window;

pub(super) fn kept(name: &str) -> Option<String> {
    storage()?.get_item(name).ok().flatten()
}

pub(super) fn keep(name: &str, value: &str) {
    if let Some(storage) = storage() {
        let _ = storage.set_item(name, value);
    }
}

/// The name under which another tab has kept something.
pub(super) fn key_of_change(event: &web_sys::StorageEvent) -> Option<String> {
    event.key()
}

fn storage() -> Option<web_sys::Storage> {
    window().local_storage().ok().flatten()
}
