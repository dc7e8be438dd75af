use leptos::{html::Div, prelude::*};
use wasm_bindgen::{JsCast, closure::Closure};
use web_sys::{IntersectionObserver, IntersectionObserverEntry, IntersectionObserverInit};

use super::CallList;
use crate::{
    components::{Button, When},
    state::watch,
};

/// How far below the window, in CSS, the end of the list may be when more is loaded.
const AHEAD: &str = "0px 0px 600px 0px";

/// The end of the list: loads more when somebody comes near it, or presses the button.
#[component]
pub(super) fn More(list: CallList) -> impl IntoView {
    let end = NodeRef::<Div>::new();
    let near = RwSignal::new(false);
    watch(move || {
        let Some(element) = end.get() else { return };
        let seen = Closure::<dyn FnMut(js_sys::Array)>::new(move |entries: js_sys::Array| {
            let last = entries.iter().last().and_then(|entry| entry.dyn_into::<IntersectionObserverEntry>().ok());
            near.set(last.is_some_and(|entry| entry.is_intersecting()));
        });
        let options = IntersectionObserverInit::new();
        options.set_root_margin(AHEAD);
        let Ok(observer) = IntersectionObserver::new_with_options(seen.as_ref().unchecked_ref(), &options) else {
            return;
        };
        observer.observe(&element);
        let kept = StoredValue::new_local((observer, seen));
        on_cleanup(move || kept.with_value(|(observer, _)| observer.disconnect()));
    });
    // Also when what came was too short to move the end out of sight. After an error it waits for the button.
    watch(move || {
        if near.get() && list.more() && !list.loading() && list.error().is_none() {
            list.load_more();
        }
    });
    view! {
        <div class="more" node_ref=end>
            {move || list.error().map(|error| view! { <p class="error" role="alert">{error.to_string()}</p> }.into_any())}
            <When
                when=move || list.more()
                fallback=|| view! { <p class="faint">"That is all."</p> }
            >
                <Button pending=Signal::derive(move || list.loading()) on_press=move || list.load_more()>"Load more"</Button>
            </When>
        </div>
    }
}
