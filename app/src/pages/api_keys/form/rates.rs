//! A key's own rate limits.

use domain::{errors::FieldErrors, rate_limits::RateLimits};
use leptos::prelude::*;

use super::{Draft, fields::DraftErrors};
use crate::{components::RateFields, lean::When};

/// The fields for calls and tokens per minute, of keys that call models.
#[component]
pub(super) fn KeyRateFields(draft: Draft, errors: DraftErrors) -> impl IntoView {
    view! {
        <When when=move || draft.level().may_call_models()>
            <RateFields
                draft=draft.rates
                error=errors.0
                calls_hint="Empty for no limit of its own. Those of its project and organization hold too."
                tokens_hint="Input and output together."
            />
        </When>
    }
}

/// Reads the typed limits; keys that don't call models have none.
pub(super) fn read(draft: &Draft, errors: &mut FieldErrors) -> RateLimits {
    if draft.level().may_call_models() { draft.rates.read(errors) } else { RateLimits::NONE }
}
