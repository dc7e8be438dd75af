//! The forms for creating and for editing a key, made of shared fields.

mod create;
mod draft;
mod edit;
mod expiration;
mod fields;
mod networks;
mod rates;

use leptos::prelude::*;

use self::fields::DraftErrors;
pub(super) use self::{create::CreateSheet, draft::Draft, edit::EditSheet};
use crate::{components::focus_soon, lean::watch};

/// Selector of the first invalid control.
const FIRST_INVALID: &str = "dialog[open] .field.wrong :is(input, textarea, select, button)";

/// Moves the focus to the first invalid field, which may be out of sight in a long form.
fn show_first_error(errors: DraftErrors) {
    watch(move || {
        if errors.0.with(Option::is_some) {
            focus_soon(FIRST_INVALID);
        }
    });
}
