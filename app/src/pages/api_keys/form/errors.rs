//! The errors of the form's fields.

use domain::errors::ApiError;
use leptos::prelude::*;

use crate::{components::focus_soon, lean::watch};

/// Selector of the first invalid control.
const FIRST_INVALID: &str = "dialog[open] .field.wrong :is(input, textarea, select, button)";

/// The error of the last attempt, with messages for single fields.
#[derive(Clone, Copy)]
pub(super) struct DraftErrors(pub(super) Signal<Option<ApiError>>);

impl DraftErrors {
    pub(super) fn field(self, name: &'static str) -> Signal<Option<String>> {
        Signal::derive(move || self.0.with(|error| error.as_ref()?.field(name).map(str::to_owned)))
    }
}

/// Moves the focus to the first invalid field, which may be out of sight in a long form.
pub(super) fn show_first_error(errors: DraftErrors) {
    watch(move || {
        if errors.0.with(Option::is_some) {
            focus_soon(FIRST_INVALID);
        }
    });
}
