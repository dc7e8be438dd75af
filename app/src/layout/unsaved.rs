use leptos::{ev, prelude::*};

use crate::{
    components::Confirm,
    state::{Step, use_location},
};

/// The forms of a page that may hold something that isn't saved.
#[derive(Clone, Copy)]
pub struct Unsaved(StoredValue<Vec<Signal<bool>>>);

impl Unsaved {
    pub fn new() -> Self {
        Self(StoredValue::new(Vec::new()))
    }

    /// Counts a form in for as long as it is there; `dirty` is whether it holds anything.
    pub fn watch(&self, dirty: Signal<bool>) {
        self.0.update_value(|forms| {
            forms.retain(|form| form.try_get_untracked().is_some());
            forms.push(dirty);
        });
    }

    /// Whether any of them holds something at the moment.
    pub fn any(&self) -> bool {
        self.0.with_value(|forms| forms.iter().any(|form| form.try_get_untracked() == Some(true)))
    }
}

/// Asks before a page is left whose changes aren't saved: by a link, a shortcut, or Back and Forward.
#[component]
pub fn UnsavedGuard(#[prop(into)] dirty: Signal<bool>) -> impl IntoView {
    let location = use_location();
    let asking = RwSignal::new(false);
    let held = StoredValue::new(None::<Step>);
    // Closing the tab or reloading: the browser asks in its own words.
    let leaving = window_event_listener(ev::beforeunload, move |event| {
        if dirty.try_get_untracked() == Some(true) {
            event.prevent_default();
        }
    });
    on_cleanup(move || leaving.remove());
    location.guard(dirty, move |step| {
        held.set_value(Some(step));
        asking.set(true);
    });
    view! {
        <Confirm
            open=asking
            title="Leave without saving?"
            action="Leave"
            on_confirm=move || {
                asking.set(false);
                if let Some(step) = held.get_value() {
                    location.take(&step);
                }
            }
            on_close=move || asking.set(false)
        >
            <p>"Your changes on this page aren't saved yet. If you leave, they are lost."</p>
        </Confirm>
    }
}
