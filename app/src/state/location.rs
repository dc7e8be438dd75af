//! Where the browser is: the address bar and its history.

use leptos::{
    ev,
    leptos_dom::helpers::{window_event_listener, window_event_listener_untyped},
    prelude::*,
};
use wasm_bindgen::{JsCast, JsValue};

/// The address that is open, as signals. It changes with every step through the history.
#[derive(Clone, Copy)]
pub struct Location {
    /// Such as `/o/acme/keys`.
    pub path: RwSignal<String>,
    /// The query string with its question mark; empty without one.
    pub search: RwSignal<String>,
}

impl Location {
    /// Follows the browser's history, and opens links to the dashboard's own pages without loading it anew.
    pub fn provide() {
        let location = Self { path: RwSignal::default(), search: RwSignal::default() };
        location.read();
        window_event_listener_untyped("popstate", move |_| location.read());
        window_event_listener(ev::click, move |event| {
            if let Some(address) = own_link(&event) {
                event.prevent_default();
                location.open(&address, false);
            }
        });
        provide_context(location);
    }

    /// Opens `address`, a path of this site, as a new step of the history or in place of the current one. A step to
    /// another page begins at its top.
    pub(super) fn open(&self, address: &str, replace: bool) {
        let Ok(history) = window().history() else { return };
        let before = self.path.get_untracked();
        let kept = if replace {
            history.replace_state_with_url(&JsValue::NULL, "", Some(address))
        } else {
            history.push_state_with_url(&JsValue::NULL, "", Some(address))
        };
        if kept.is_err() {
            // Browsers refuse too many steps in a short time, but never to load a page.
            let _ = window().location().assign(address);
            return;
        }
        self.read();
        if !replace && self.path.with_untracked(|path| *path != before) {
            window().scroll_to_with_x_and_y(0.0, 0.0);
        }
    }

    fn read(&self) {
        let location = window().location();
        let now = [(self.path, location.pathname()), (self.search, location.search())];
        for (signal, text) in now {
            let text = text.unwrap_or_default();
            if signal.with_untracked(|before| *before != text) {
                signal.set(text);
            }
        }
    }
}

pub fn use_location() -> Location {
    expect_context()
}

/// The address of the dashboard's own link that was clicked, unless the browser is to open it: in another tab, as a
/// download, or as a place on the same page.
fn own_link(event: &ev::MouseEvent) -> Option<String> {
    let modified = event.ctrl_key() || event.meta_key() || event.shift_key() || event.alt_key();
    if event.default_prevented() || event.button() != 0 || modified {
        return None;
    }
    let clicked = event.target()?.dyn_into::<web_sys::Element>().ok()?;
    let link = clicked.closest("a[href^='/']:not([target], [download], [rel~=external])").ok()??;
    link.get_attribute("href").filter(|address| !address.starts_with("//"))
}
