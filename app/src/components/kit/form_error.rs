use domain::errors::ApiError;
use leptos::prelude::*;

use super::{badge::Tone, notice::Notice};

/// A form's error, unless one of its fields shows it.
#[component]
pub fn FormError(
    error: Signal<Option<ApiError>>,
    /// Fields that show their errors themselves.
    fields: &'static [&'static str],
) -> impl IntoView {
    let message = move || {
        error.with(|error| {
            let error = error.as_ref()?;
            let is_shown_by_field = fields.iter().any(|field| error.field(field).is_some());
            (!is_shown_by_field).then(|| error.to_string())
        })
    };
    view! {
        <div role="alert">
            {move || message().map(|message| view! { <Notice tone=Tone::Danger>{message}</Notice> })}
        </div>
    }
}
