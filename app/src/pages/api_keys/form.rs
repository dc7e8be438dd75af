//! The form for a new key and for changes of one, made of the same fields.

mod create;
mod draft;
mod edit;
mod expiration;
mod fields;
mod networks;
mod rates;

use leptos::prelude::*;

use self::fields::Wrong;
pub(super) use self::{create::CreateSheet, draft::Draft, edit::EditSheet};
use crate::{components::focus_soon, state::watch};

/// Where the first control stands that something is wrong with.
const FIRST_WRONG: &str = "dialog[open] .field.wrong :is(input, textarea, select, button)";

/// Puts the focus on the first field that is wrong, which may be out of sight in a long form.
fn show_first_error(wrong: Wrong) {
    watch(move || {
        if wrong.0.with(Option::is_some) {
            focus_soon(FIRST_WRONG);
        }
    });
}
