//! Where the keyboard is.

use leptos::prelude::*;
use wasm_bindgen::JsCast;
use web_sys::HtmlElement;

/// A page's heading.
pub const HEADING: &str = "#main h1";

/// Puts the focus on the first element that `selector` finds; `false` where there is none.
pub fn focus(selector: &str) -> bool {
    let found = document().query_selector(selector).ok().flatten();
    found.and_then(|found| found.dyn_into::<HtmlElement>().ok()).is_some_and(|found| found.focus().is_ok())
}

/// The same once what is about to change on the page has changed.
pub fn focus_soon(selector: &'static str) {
    request_animation_frame(move || {
        focus(selector);
    });
}

/// Puts the focus on what `selector` finds where it would be lost: what had it is about to go from the page.
pub fn keep_focus(selector: &'static str) {
    request_animation_frame(move || {
        let lost = document().active_element().is_none_or(|active| active.tag_name() == "BODY");
        if lost {
            focus(selector);
        }
    });
}
