//! How fast a key may be used.

use domain::{errors::FieldErrors, rate_limits::RateLimits};
use leptos::prelude::*;

use super::{Draft, fields::Wrong};
use crate::components::{Field, When};

/// Calls and tokens a minute; empty for no limit.
#[component]
pub(super) fn RateFields(draft: Draft, wrong: Wrong) -> impl IntoView {
    view! {
        <When when=move || draft.level().may_call_models()>
            <Field
                name="calls_per_minute"
                label="Calls a minute"
                kind="number"
                optional=true
                value=draft.calls
                hint="Empty for no limit. Those of its project and organization hold too."
                error=wrong.of("calls_per_minute")
            />
            <Field
                name="tokens_per_minute"
                label="Tokens a minute"
                kind="number"
                optional=true
                value=draft.tokens
                hint="Input and output together."
                error=wrong.of("tokens_per_minute")
            />
        </When>
    }
}

/// What was typed, or what is wrong with it. A key that calls no models has no limits.
pub(super) fn read(draft: &Draft, errors: &mut FieldErrors) -> RateLimits {
    if !draft.level().may_call_models() {
        return RateLimits::NONE;
    }
    let mut number = |field: &'static str, typed: RwSignal<String>| {
        typed.with(|typed| match typed.trim() {
            "" => None,
            typed => typed.parse().map_err(|_| errors.add(field, "Write a whole number.")).ok(),
        })
    };
    RateLimits {
        calls_per_minute: number("calls_per_minute", draft.calls),
        tokens_per_minute: number("tokens_per_minute", draft.tokens),
    }
}

/// The same as it is typed.
pub(super) fn typed(limit: Option<u32>) -> String {
    limit.map(|limit| limit.to_string()).unwrap_or_default()
}
