use leptos::{ev, prelude::*};

use crate::{
    components::Confirm,
    state::{Step, use_location},
};

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
        >
            <p>"Your changes on this page aren't saved yet. If you leave, they are lost."</p>
        </Confirm>
    }
}
