//! The errors of the form's fields.

use domain::errors::ApiError;
use leptos::prelude::*;

use crate::{components::focus, lean::watch};

/// Selector of a folded part of the form with an invalid field in it.
const FOLDED_INVALID: &str = "dialog[open] details:not([open]):has(.field.wrong)";
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

/// Unfolds invalid fields, and moves the focus to the first, which may be out of sight in a long form.
pub(super) fn show_first_error(errors: DraftErrors) {
    watch(move || {
        if errors.0.with(Option::is_some) {
            // After the fields have got their errors.
            request_animation_frame(|| {
                while let Ok(Some(part)) = document().query_selector(FOLDED_INVALID) {
                    if part.set_attribute("open", "").is_err() {
                        break;
                    }
                }
                focus(FIRST_INVALID);
            });
        }
    });
}
