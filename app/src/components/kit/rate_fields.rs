//! How fast calls may come, as it is typed.

use domain::{
    errors::{ApiError, FieldErrors},
    rate_limits::{RateLimits, typed_limit},
};
use leptos::prelude::*;

use super::Field;

const CALLS: &str = "calls_per_minute";
const TOKENS: &str = "tokens_per_minute";
/// The fields, which say themselves what is wrong with them.
pub const RATE_FIELDS: &[&str] = &[CALLS, TOKENS];

/// What was typed for calls and tokens a minute; empty for no limit.
#[derive(Clone, Copy)]
pub struct RateDraft {
    calls: RwSignal<String>,
    tokens: RwSignal<String>,
}

impl RateDraft {
    pub fn of(limits: RateLimits) -> Self {
        let draft = Self { calls: RwSignal::default(), tokens: RwSignal::default() };
        draft.set(limits);
        draft
    }

    pub fn set(&self, limits: RateLimits) {
        let typed = |limit: Option<u32>| limit.map(|limit| limit.to_string()).unwrap_or_default();
        self.calls.set(typed(limits.calls_per_minute));
        self.tokens.set(typed(limits.tokens_per_minute));
    }

    /// What was typed; what can't be read is no limit, and is among the errors.
    pub fn read(&self, errors: &mut FieldErrors) -> RateLimits {
        let mut read = |field, typed: RwSignal<String>| errors.check(field, typed.with(|typed| typed_limit(typed)));
        RateLimits {
            calls_per_minute: read(CALLS, self.calls).flatten(),
            tokens_per_minute: read(TOKENS, self.tokens).flatten(),
        }
    }

    /// What was typed, or what is wrong with it.
    pub fn limits(&self) -> Result<RateLimits, FieldErrors> {
        let mut errors = FieldErrors::default();
        let limits = self.read(&mut errors);
        limits.check(&mut errors);
        errors.into_result().map(|()| limits)
    }
}

/// A field for calls and one for tokens.
#[component]
pub fn RateFields(
    draft: RateDraft,
    error: Signal<Option<ApiError>>,
    /// What is said below the fields.
    #[prop(into)]
    calls_hint: String,
    #[prop(into)] tokens_hint: String,
    #[prop(optional)] autofocus: bool,
) -> impl IntoView {
    let wrong = move |field: &'static str| {
        Signal::derive(move || error.with(|error| error.as_ref()?.field(field).map(str::to_owned)))
    };
    view! {
        <Field
            name=CALLS
            label="Calls a minute"
            kind="number"
            optional=true
            value=draft.calls
            hint=calls_hint
            error=wrong(CALLS)
            autofocus
        />
        <Field
            name=TOKENS
            label="Tokens a minute"
            kind="number"
            optional=true
            value=draft.tokens
            hint=tokens_hint
            error=wrong(TOKENS)
        />
    }
}
