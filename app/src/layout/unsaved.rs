use leptos::{ev, prelude::*};
use wasm_bindgen::{JsCast, closure::Closure};

use crate::{components::Confirm, state::use_go};

/// Asks before a page is left whose changes aren't saved.
#[component]
pub fn UnsavedGuard(#[prop(into)] dirty: Signal<bool>) -> impl IntoView {
    let go = use_go();
    let asking = RwSignal::new(false);
    let target = StoredValue::new(String::new());
    // Closing the tab or reloading: the browser asks in its own words.
    let leaving = window_event_listener(ev::beforeunload, move |event| {
        if dirty.try_get_untracked() == Some(true) {
            event.prevent_default();
        }
    });
    on_cleanup(move || leaving.remove());
    // Links within the dashboard, before the router sees them.
    let clicked = Closure::<dyn Fn(web_sys::MouseEvent)>::new(move |event: web_sys::MouseEvent| {
        if dirty.try_get_untracked() != Some(true) || event.ctrl_key() || event.meta_key() || event.shift_key() {
            return;
        }
        let element = event.target().and_then(|target| target.dyn_into::<web_sys::Element>().ok());
        let link = element.and_then(|element| element.closest("a[href^='/']").ok().flatten());
        let Some(href) = link.and_then(|link| link.get_attribute("href")) else { return };
        event.prevent_default();
        event.stop_propagation();
        target.set_value(href);
        asking.set(true);
    });
    let listener = clicked.as_ref().unchecked_ref::<js_sys::Function>().clone();
    let _ = window().add_event_listener_with_callback_and_bool("click", &listener, true);
    let clicked = StoredValue::new_local(Some(clicked));
    let listener = StoredValue::new_local(listener);
    Owner::on_cleanup(move || {
        listener.with_value(|listener| {
            let _ = window().remove_event_listener_with_callback_and_bool("click", listener, true);
        });
        clicked.set_value(None);
    });
    view! {
        <Confirm
            open=asking
            title="Leave without saving?"
            action="Leave"
            on_confirm=move || {
                asking.set(false);
                go.to(target.get_value());
            }
        >
            <p>"Your changes on this page aren't saved yet. If you leave, they are lost."</p>
        </Confirm>
    }
}
