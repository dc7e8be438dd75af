//! What is seen of a key, in few words: in the list and on its own page.

use domain::{
    api_keys::{ApiKey, EXPIRES_SOON_DAYS, LastUse, OldSecret, Status},
    money::Money,
    time::Timestamp,
};
use leptos::prelude::*;

use crate::{
    components::{Amount, Badge, Time, TimeStyle, Tone, chart::Sparkline, format_count, relative, time_left},
    pages::usage::plural,
    state::use_clock,
};

/// Most days of a month: the bars of all keys are as wide.
const MOST_DAYS: usize = 31;

#[component]
pub(super) fn StatusBadge(status: Status) -> impl IntoView {
    let tone = match status {
        Status::Active => Tone::Good,
        Status::Rotating => Tone::Accent,
        Status::Expired => Tone::Warning,
        Status::Disabled => Tone::Danger,
        Status::Revoked => Tone::Neutral,
    };
    view! { <Badge tone>{status.label()}</Badge> }
}

/// Whether the old secret of a rotating key was used since there is a new one.
pub(super) fn still_used(key: &ApiKey, old: &OldSecret) -> Option<Timestamp> {
    old.last_used_at.filter(|used| *used >= key.rotated_at)
}

/// How long the old secret of a rotating key still works, and whether anybody uses it.
#[component]
pub(super) fn GraceLeft(key: ApiKey) -> impl IntoView {
    let clock = use_clock();
    let old = key.old_secret.clone()?;
    let used = still_used(&key, &old);
    let left = move || match time_left(old.ends_at, clock.now()) {
        Some(left) => format!("{left} left"),
        None => "ended".to_owned(),
    };
    let use_of_old = move || match used {
        Some(at) => format!("old one used {}", relative(at, clock.now())),
        None => "old one not used".to_owned(),
    };
    Some(view! {
        <span class="sub">{left}</span>
        <span class="sub" class:warn=used.is_some()>{use_of_old}</span>
    })
}

/// What it may do: `Chat, Embeddings`, `2 models`, `1 network`; nothing is said of what isn't narrowed.
pub(super) fn limits(key: &ApiKey) -> Vec<(String, String)> {
    let several = |names: Vec<String>, noun: &str| match &names[..] {
        [] => None,
        [one] => Some((one.clone(), one.clone())),
        [one, other] if one.len() + other.len() < 24 => Some((names.join(", "), names.join(", "))),
        many => Some((format!("{} {noun}s", many.len()), names.join(", "))),
    };
    [
        several(key.scopes.iter().map(|scope| scope.label().to_owned()).collect(), "scope"),
        several(key.models.clone(), "model"),
        several(key.ip_allowlist.iter().map(ToString::to_string).collect(), "network"),
    ]
    .into_iter()
    .flatten()
    .collect()
}

/// When it was used last, and from where.
#[component]
pub(super) fn LastUsed(used: Option<LastUse>) -> impl IntoView {
    match used {
        Some(LastUse { at, ip }) => view! {
            <Time at/>
            {(!ip.is_empty()).then(|| view! { <span class="sub mono">{ip}</span> }.into_any())}
        }
        .into_any(),
        None => view! { <span class="faint">"never"</span> }.into_any(),
    }
}

/// When it expires, and how long that is.
#[component]
pub(super) fn Expiry(at: Option<Timestamp>) -> impl IntoView {
    let clock = use_clock();
    let Some(at) = at else { return view! { <span class="faint">"never"</span> }.into_any() };
    let soon = move || {
        let now = clock.now();
        at > now && at < now.plus_days(EXPIRES_SOON_DAYS)
    };
    view! {
        <span class:warn=soon><Time at/></span>
        <span class="sub"><Time at style=TimeStyle::Date/></span>
    }
    .into_any()
}

/// The month so far: what it cost, how many calls, and on which days.
#[component]
pub(super) fn Month(spend: Money, calls: i64, by_day: Vec<i64>, href: String) -> impl IntoView {
    let most = by_day.iter().copied().max().unwrap_or(0);
    let bars = (most > 0).then(|| {
        let label = format!("Calls on each day of this month, at most {}", format_count(most));
        view! { <Sparkline values=by_day slots=MOST_DAYS label/> }
    });
    let text = if calls == 0 { "no calls".to_owned() } else { plural(calls, "call") };
    view! {
        <a class="month" href=href>
            {bars}
            <span><Amount value=spend/><span class="sub">{text}</span></span>
        </a>
    }
}
