//! The form for a new key and for changes of one, made of the same fields.

mod create;
mod draft;
mod edit;
mod fields;
mod life;
mod networks;

use leptos::prelude::*;
use wasm_bindgen::JsCast;

use self::fields::Wrong;
pub(super) use self::{create::CreateSheet, draft::Draft, edit::EditSheet};
use crate::state::watch;

/// Where the first control stands that something is wrong with.
const FIRST_WRONG: &str = "dialog[open] .field.wrong :is(input, textarea, select, button)";

/// Puts the focus on the first field that is wrong, which may be out of sight in a long form.
fn show_first_error(wrong: Wrong) {
    watch(move || {
        if wrong.0.with(Option::is_none) {
            return;
        }
        request_animation_frame(|| {
            let found = document().query_selector(FIRST_WRONG).ok().flatten();
            if let Some(control) = found.and_then(|found| found.dyn_into::<web_sys::HtmlElement>().ok()) {
                let _ = control.focus();
            }
        });
    });
}
