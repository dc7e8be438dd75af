use leptos::{html::Div, prelude::*};
use wasm_bindgen::{JsCast, closure::Closure};
use web_sys::{IntersectionObserver, IntersectionObserverEntry, IntersectionObserverInit};

use super::call_list::CallList;
use crate::{
    components::{Button, TimeStyle, format_moment},
    lean::{When, watch},
    state::use_zone,
};

/// Root margin (CSS) around the window within which the end of the list loads more.
const LOAD_AHEAD: &str = "0px 0px 600px 0px";

/// The end of the list: loads more when scrolled near, or by its button.
#[component]
pub(super) fn LoadMore(list: CallList) -> impl IntoView {
    let zone = use_zone();
    let end = NodeRef::<Div>::new();
    let near = RwSignal::new(false);
    watch(move || {
        let Some(element) = end.get() else { return };
        let callback = Closure::<dyn FnMut(js_sys::Array)>::new(move |entries: js_sys::Array| {
            let last = entries.iter().last().and_then(|entry| entry.dyn_into::<IntersectionObserverEntry>().ok());
            near.set(last.is_some_and(|entry| entry.is_intersecting()));
        });
        let options = IntersectionObserverInit::new();
        options.set_root_margin(LOAD_AHEAD);
        let Ok(observer) = IntersectionObserver::new_with_options(callback.as_ref().unchecked_ref(), &options) else {
            return;
        };
        observer.observe(&element);
        let observation = StoredValue::new_local((observer, callback));
        on_cleanup(move || observation.with_value(|(observer, _)| observer.disconnect()));
    });
    // Repeats if the last page didn't move the end out of sight. After an error it waits for the button.
    watch(move || {
        if near.get() && list.has_more() && !list.is_loading() && list.error().is_none() {
            list.load_more();
        }
    });
    view! {
        <div class="more" node_ref=end>
            {move || list.error().map(|error| view! { <p class="error" role="alert">{error.to_string()}</p> }.into_any())}
            <When
                when=move || list.has_more()
                fallback=move || view! {
                    <p class="faint">{move || not_kept(list, zone).unwrap_or_else(|| "End of results.".to_owned())}</p>
                }
            >
                <Button pending=Signal::derive(move || list.is_loading()) on_press=move || list.load_more()>"Load more"</Button>
            </When>
        </div>
    }
}

/// The sentence that says from when on calls are kept, if the list would begin before.
pub(super) fn not_kept(list: CallList, zone: Memo<String>) -> Option<String> {
    let since = list.kept_since()?;
    let first_day = zone.with(|zone| format_moment(since, zone, TimeStyle::Date));
    Some(format!("Calls before {first_day} are no longer stored. Usage still counts them."))
}
