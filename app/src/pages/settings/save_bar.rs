use leptos::prelude::*;

use super::form::SettingsForm;
use crate::{
    components::{Button, ButtonStyle, FormError},
    lean::When,
};

/// Names of the fields that show their own errors.
const FIELDS: &[&str] =
    &["session_idle_minutes", "longest_life_days", "body_days", "body_limit", "body_redact", "call_days"];

/// Saves or discards all changes. It stays in view, and is there only while something isn't saved.
#[component]
pub(super) fn SaveBar(form: SettingsForm) -> impl IntoView {
    let dirty = form.dirty();
    view! {
        <div class="save-bar" class:open=move || dirty.get()>
            <FormError error=form.error() fields=FIELDS/>
            <p role="status">{move || dirty.get().then_some("Unsaved changes")}</p>
            <When when=move || dirty.get()>
                <Button on_press=move || form.discard()>"Discard"</Button>
                <Button style=ButtonStyle::Primary pending=form.pending() on_press=move || form.submit()>"Save"</Button>
            </When>
        </div>
    }
}
