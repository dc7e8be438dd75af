//! The keyboard focus.

use leptos::prelude::*;
use wasm_bindgen::JsCast;
use web_sys::HtmlElement;

/// Selector of a page's heading.
pub const HEADING: &str = "#main h1";

/// Selector of what is typed into on a page.
const PAGE_FIELDS: &str = "#main :is(input, select, textarea)";

/// Focuses the first element that matches `selector`; returns `false` if there is none.
pub fn focus(selector: &str) -> bool {
    let found = document().query_selector(selector).ok().flatten();
    found.and_then(|found| found.dyn_into::<HtmlElement>().ok()).is_some_and(|found| found.focus().is_ok())
}

/// Focuses the new page's heading after navigation, unless a field of the page has the focus by then.
pub fn focus_heading_soon() {
    request_animation_frame(|| {
        let is_typing = document().active_element().is_some_and(|active| active.matches(PAGE_FIELDS) == Ok(true));
        if !is_typing {
            focus(HEADING);
        }
    });
}

/// Calls [`focus`] after the page's pending changes.
pub fn focus_soon(selector: &'static str) {
    request_animation_frame(move || {
        focus(selector);
    });
}

/// Focuses the first element that matches `selector` if the focused element is about to be removed.
pub fn focus_if_removed(selector: &'static str) {
    request_animation_frame(move || {
        let lost = document().active_element().is_none_or(|active| active.tag_name() == "BODY");
        if lost {
            focus(selector);
        }
    });
}
