//! What a draft is set to, in words.

use domain::{
    api_keys::{Expiration, Level, Scope},
    errors::FieldErrors,
    rate_limits::RateLimits,
};
use leptos::prelude::*;

use super::draft::{Draft, METADATA_ONLY};
use crate::{
    components::{TimeStyle, format_count, format_moment},
    pages::usage::plural,
    state::{now, use_organization, use_zone},
};

/// Maximum number of names in a list; more are counted.
const MAX_NAMES: usize = 3;

/// What the key may do, as a sentence: `Can call all models in Production from anywhere, until 28 Feb 2027.`
#[component]
pub(super) fn KeySentence(
    draft: Draft,
    /// Id of the key's project; empty for none.
    #[prop(into)]
    project: Signal<String>,
    /// The key's expiration; an error while it isn't chosen yet.
    expiration: Signal<Result<Expiration, &'static str>>,
) -> impl IntoView {
    let (organization, zone) = (use_organization(), use_zone());
    let place = move || {
        let id = project.get();
        organization.projects.with(|projects| {
            let name = projects?.iter().find(|project| project.id.to_string() == id)?.name.clone();
            draft.level().needs_project().then(|| format!(" in {name}"))
        })
    };
    let end = move || match expiration.get() {
        Ok(expiration) => match expiration.ends_at(now()) {
            Some(end) => format!(", until {}", zone.with(|zone| format_moment(end, zone, TimeStyle::Date))),
            None => ", with no expiration".to_owned(),
        },
        Err(_) => String::new(),
    };
    let rates = move || match rate_text(draft) {
        text if text.is_empty() => text,
        text => format!(", {text}"),
    };
    let text = move || {
        let (action, place) = (action_text(draft), place().unwrap_or_default());
        format!("Can {action}{place} from {}{}{}.", network_text(draft, "anywhere"), end(), rates())
    };
    view! { <p class="key-sentence" role="status">{text}</p> }
}

/// The draft's restrictions: `All permissions, all models, any IP`.
pub(super) fn restrictions(draft: Draft) -> String {
    let mut parts = Vec::new();
    let level = draft.level();
    if Scope::of(level).len() > 1 {
        let scopes = scope_names(draft);
        parts.push(scopes.map_or("All permissions".to_owned(), |names| list(&names, "permission")));
    }
    if level.may_call_models() {
        parts.push(model_text(draft));
    }
    let any = if parts.is_empty() { "Any IP" } else { "any IP" };
    parts.push(network_text(draft, any));
    parts.join(", ")
}

/// The draft's rate limits: `60 requests per minute`.
pub(super) fn limits(draft: Draft) -> String {
    match rate_text(draft) {
        text if text.is_empty() => "No key limits".to_owned(),
        text => text,
    }
}

/// The draft's description, reminder and logging.
pub(super) fn details(draft: Draft) -> String {
    let description = draft.description.with(|text| text.trim().is_empty());
    let description = if description { "No description" } else { "With description" };
    let reminder = draft.reminder.with(|days| match days.as_str() {
        "" => "no rotation reminder".to_owned(),
        days => format!("rotation reminder every {days} days"),
    });
    let is_metadata_only = draft.level().may_call_models() && draft.logging.with(|logging| logging == METADATA_ONLY);
    let logging = if is_metadata_only { ", metadata only" } else { "" };
    format!("{description}, {reminder}{logging}")
}

/// What calls with the key can do: `call all models`, `use Chat and Embeddings with gpt-5-mini`.
fn action_text(draft: Draft) -> String {
    let level = draft.level();
    let Some(scopes) = scope_names(draft) else {
        return match level {
            Level::Read => "read usage".to_owned(),
            Level::Standard => format!("call {}", model_text(draft)),
            Level::Admin => format!("manage the organization and call {}", model_text(draft)),
        };
    };
    let inference = Scope::of(Level::Standard).iter().any(|scope| scopes.contains(&scope.label()));
    let models = if inference { format!(" with {}", model_text(draft)) } else { String::new() };
    format!("use {}{models}", list(&scopes, "permission"))
}

/// Labels of the chosen scopes; `None` for all of the level.
fn scope_names(draft: Draft) -> Option<Vec<&'static str>> {
    let level = draft.level();
    let is_choice = Scope::of(level).len() > 1 && !draft.all_scopes.get();
    is_choice.then(|| draft.chosen_scopes(level, &mut FieldErrors::default()).into_iter().map(Scope::label).collect())
}

fn model_text(draft: Draft) -> String {
    if draft.all_models.get() {
        return "all models".to_owned();
    }
    draft.models.with(|models| list(&models.iter().map(String::as_str).collect::<Vec<_>>(), "model"))
}

/// The networks, or `any` for all.
fn network_text(draft: Draft, any: &str) -> String {
    if draft.anywhere.get() {
        return any.to_owned();
    }
    draft.networks.with(|text| {
        let lines: Vec<_> = text.lines().map(str::trim).filter(|line| !line.is_empty()).collect();
        list(&lines, "IP range")
    })
}

/// The rate limits; empty for none, and while one can't be used.
fn rate_text(draft: Draft) -> String {
    if !draft.level().may_call_models() {
        return String::new();
    }
    let limits = draft.rates.limits().unwrap_or(RateLimits::NONE);
    let calls = limits.calls_per_minute.map(|calls| plural(calls.into(), "request"));
    let tokens = limits.tokens_per_minute.map(|tokens| plural(tokens.into(), "token"));
    match (calls, tokens) {
        (Some(calls), Some(tokens)) => format!("{calls} and {tokens} per minute"),
        (Some(one), None) | (None, Some(one)) => format!("{one} per minute"),
        (None, None) => String::new(),
    }
}

/// `a`, `a and b`, `a, b and c`, or `4 models`.
fn list(names: &[&str], noun: &str) -> String {
    match names.split_last() {
        None => format!("no {noun}s yet"),
        Some((one, [])) => (*one).to_owned(),
        Some((last, others)) if names.len() <= MAX_NAMES => format!("{} and {last}", others.join(", ")),
        Some(_) => format!("{} {noun}s", format_count(i64::try_from(names.len()).unwrap_or(i64::MAX))),
    }
}
