use leptos::{ev, prelude::*};

use crate::{
    components::Confirm,
    state::{Step, use_location},
};

/// A page's forms that may have unsaved changes.
#[derive(Clone, Copy)]
pub struct Unsaved(StoredValue<Vec<Signal<bool>>>);

impl Unsaved {
    pub fn new() -> Self {
        Self(StoredValue::new(Vec::new()))
    }

    /// Adds a form for as long as it exists; `dirty` is whether it has unsaved changes.
    pub fn watch(&self, dirty: Signal<bool>) {
        self.0.update_value(|forms| {
            forms.retain(|form| form.try_get_untracked().is_some());
            forms.push(dirty);
        });
    }

    /// Whether any of the forms has unsaved changes.
    pub fn is_dirty(&self) -> bool {
        self.0.with_value(|forms| forms.iter().any(|form| form.try_get_untracked() == Some(true)))
    }
}

/// Asks before a page with unsaved changes is left by a link, a shortcut, or Back and Forward.
#[component]
pub fn UnsavedGuard(#[prop(into)] dirty: Signal<bool>) -> impl IntoView {
    let location = use_location();
    let asking = RwSignal::new(false);
    let pending_step = StoredValue::new(None::<Step>);
    // Closing the tab or reloading: the browser asks in its own words.
    let listener = window_event_listener(ev::beforeunload, move |event| {
        if dirty.try_get_untracked() == Some(true) {
            event.prevent_default();
        }
    });
    on_cleanup(move || listener.remove());
    location.guard(dirty, move |step| {
        pending_step.set_value(Some(step));
        asking.set(true);
    });
    view! {
        <Confirm
            open=asking
            title="Leave without saving?"
            action="Leave"
            on_confirm=move || {
                asking.set(false);
                if let Some(step) = pending_step.get_value() {
                    location.take_step(&step);
                }
            }
            on_close=move || asking.set(false)
        >
            <p>"Your changes on this page aren't saved. They will be lost if you leave."</p>
        </Confirm>
    }
}
