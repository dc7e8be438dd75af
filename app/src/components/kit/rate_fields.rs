//! Form fields for rate limits.

use domain::{
    errors::{ApiError, FieldErrors},
    rate_limits::{RateLimits, parse_limit},
};
use leptos::prelude::*;

use super::field::Field;

const CALLS: &str = "calls_per_minute";
const TOKENS: &str = "tokens_per_minute";
/// Names of the fields, which show their own errors.
pub const RATE_FIELDS: &[&str] = &[CALLS, TOKENS];

/// Limits of requests and tokens per minute, as typed; empty for no limit.
#[derive(Clone, Copy)]
pub struct RateDraft {
    calls: RwSignal<String>,
    tokens: RwSignal<String>,
}

impl RateDraft {
    pub fn new(limits: RateLimits) -> Self {
        let draft = Self { calls: RwSignal::default(), tokens: RwSignal::default() };
        draft.set(limits);
        draft
    }

    pub fn set(&self, limits: RateLimits) {
        let typed = |limit: Option<u32>| limit.map(|limit| limit.to_string()).unwrap_or_default();
        self.calls.set(typed(limits.calls_per_minute));
        self.tokens.set(typed(limits.tokens_per_minute));
    }

    /// Parses the limits; one that can't be parsed becomes `None` and is added to `errors`.
    pub fn read(&self, errors: &mut FieldErrors) -> RateLimits {
        let mut read = |field, typed: RwSignal<String>| errors.check(field, typed.with(|typed| parse_limit(typed)));
        RateLimits {
            calls_per_minute: read(CALLS, self.calls).flatten(),
            tokens_per_minute: read(TOKENS, self.tokens).flatten(),
        }
    }

    /// Parses and checks the limits.
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
    /// Hint below the field.
    #[prop(into)]
    calls_hint: String,
    #[prop(into)] tokens_hint: String,
    #[prop(optional)] autofocus: bool,
) -> impl IntoView {
    let error_of = move |field: &'static str| {
        Signal::derive(move || error.with(|error| error.as_ref()?.field(field).map(str::to_owned)))
    };
    view! {
        <Field
            name=CALLS
            label="Requests per minute"
            kind="number"
            optional=true
            value=draft.calls
            hint=calls_hint
            error=error_of(CALLS)
            autofocus
        />
        <Field
            name=TOKENS
            label="Tokens per minute"
            kind="number"
            optional=true
            value=draft.tokens
            hint=tokens_hint
            error=error_of(TOKENS)
        />
    }
}
