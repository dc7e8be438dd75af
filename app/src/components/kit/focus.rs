//! The keyboard focus.

use leptos::prelude::*;
use wasm_bindgen::JsCast;
use web_sys::HtmlElement;

/// Selector of a page's heading.
pub const HEADING: &str = "#main h1";

/// Focuses the first element that matches `selector`; returns `false` if there is none.
pub fn focus(selector: &str) -> bool {
    let found = document().query_selector(selector).ok().flatten();
    found.and_then(|found| found.dyn_into::<HtmlElement>().ok()).is_some_and(|found| found.focus().is_ok())
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
