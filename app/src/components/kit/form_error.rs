use domain::errors::ApiError;
use leptos::prelude::*;

use super::{Notice, Tone};

/// What went wrong with a form, unless one of its fields already says it.
#[component]
pub fn FormError(
    error: Signal<Option<ApiError>>,
    /// The fields that say their errors themselves.
    fields: &'static [&'static str],
) -> impl IntoView {
    let message = move || {
        error.with(|error| {
            let error = error.as_ref()?;
            let told = fields.iter().any(|field| error.field(field).is_some());
            (!told).then(|| error.to_string())
        })
    };
    view! {
        <div role="alert">
            {move || message().map(|message| view! { <Notice tone=Tone::Danger>{message}</Notice> })}
        </div>
    }
}
