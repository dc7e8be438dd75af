//! How fast a key may be used.

use domain::{errors::FieldErrors, rate_limits::RateLimits};
use leptos::prelude::*;

use super::{Draft, fields::Wrong};
use crate::components::{RateFields, When};

/// Calls and tokens a minute, of a key that calls models.
#[component]
pub(super) fn KeyRateFields(draft: Draft, wrong: Wrong) -> impl IntoView {
    view! {
        <When when=move || draft.level().may_call_models()>
            <RateFields
                draft=draft.rates
                error=wrong.0
                calls_hint="Empty for no limit of its own. Those of its project and organization hold too."
                tokens_hint="Input and output together."
            />
        </When>
    }
}

/// What was typed; a key that calls no models has no limits.
pub(super) fn read(draft: &Draft, errors: &mut FieldErrors) -> RateLimits {
    if draft.level().may_call_models() { draft.rates.read(errors) } else { RateLimits::NONE }
}
