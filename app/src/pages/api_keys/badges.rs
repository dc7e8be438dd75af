//! Short views of a key's properties, for the list and the key's page.

use domain::{
    api_keys::{ApiKey, EXPIRES_SOON_DAYS, LastUse, OldSecret, Status},
    money::Money,
    time::Timestamp,
};
use leptos::prelude::*;

use crate::{
    components::{
        Amount, Badge, Time, TimeStyle, Tone, chart::Sparkline, format_count, format_relative, is_far, time_left,
    },
    pages::usage::plural,
    state::use_clock,
};

/// Days in the longest month, so that the bars of all keys have equal widths.
const MAX_DAYS: usize = 31;

#[component]
pub(super) fn StatusBadge(status: Status) -> impl IntoView {
    let tone = match status {
        Status::Active => Tone::Good,
        Status::Rotating => Tone::Accent,
        Status::Expired => Tone::Warning,
        Status::Disabled => Tone::Danger,
        Status::Revoked => Tone::Neutral,
    };
    view! { <Badge tone quiet=true>{status.label()}</Badge> }
}

/// The last use of a rotating key's old secret, if it was after the rotation.
pub(super) fn old_secret_used_at(key: &ApiKey, old: &OldSecret) -> Option<Timestamp> {
    old.last_used_at.filter(|used| *used >= key.rotated_at)
}

/// Time left for the old secret of a rotating key; marked if that is still in use.
#[component]
pub(super) fn GraceLeft(key: ApiKey) -> impl IntoView {
    let clock = use_clock();
    let old = key.old_secret.clone()?;
    let used = old_secret_used_at(&key, &old);
    let left = move || match time_left(old.ends_at, clock.now()) {
        Some(left) => format!("{left} left"),
        None => "Ended".to_owned(),
    };
    let use_of_old = move || match used {
        Some(at) => format!("The old secret was used {}.", format_relative(at, clock.now())),
        None => "The old secret hasn't been used since.".to_owned(),
    };
    Some(view! { <span class="sub" class:warn=used.is_some() title=use_of_old>{left}</span> })
}

/// A key's restrictions, as short texts and full ones: `Chat, Embeddings`, `2 models`, `10.0.0.0/8`.
fn restrictions(key: &ApiKey) -> Vec<(String, String)> {
    let several = |names: Vec<String>, noun: &str| match &names[..] {
        [] => None,
        [one] => Some((one.clone(), one.clone())),
        [one, other] if one.len() + other.len() < 24 => Some((names.join(", "), names.join(", "))),
        many => Some((format!("{} {noun}s", many.len()), names.join(", "))),
    };
    [
        several(key.scopes.iter().map(|scope| scope.label().to_owned()).collect(), "permission"),
        several(key.models.clone(), "model"),
        several(key.ip_allowlist.iter().map(ToString::to_string).collect(), "IP range"),
    ]
    .into_iter()
    .flatten()
    .collect()
}

/// A key's type, and its restrictions on one line.
#[component]
pub(super) fn Access(key: ApiKey) -> impl IntoView {
    let (short, full): (Vec<_>, Vec<_>) = restrictions(&key).into_iter().unzip();
    let restricted = (!short.is_empty()).then(|| {
        view! { <span class="sub clipped" title=full.join("\n")>{short.join(" · ")}</span> }
    });
    view! { {key.level.label()} {restricted} }
}

/// Time and address of a key's last use.
#[component]
pub(super) fn LastUsed(used: Option<LastUse>) -> impl IntoView {
    match used {
        Some(LastUse { at, ip }) => view! {
            <span class="card-only">"Used "</span>
            <Time at/>
            {(!ip.is_empty()).then(|| view! { <span class="sub mono">{ip}</span> }.into_any())}
        }
        .into_any(),
        None => view! { <span class="faint">"Never" <span class="card-only">" used"</span></span> }.into_any(),
    }
}

/// A key's expiration: a date, and until then the time left where that is short.
#[component]
pub(super) fn Expiry(at: Option<Timestamp>) -> impl IntoView {
    let clock = use_clock();
    let Some(at) = at else { return view! { <span class="faint">"Never"</span> }.into_any() };
    let soon = move || {
        let now = clock.now();
        at > now && at < now.plus_days(EXPIRES_SOON_DAYS)
    };
    let is_near = Memo::new(move |_| !is_far(at, clock.now()));
    let date = move || is_near.get().then(|| view! { <span class="sub"><Time at style=TimeStyle::Date/></span> });
    view! {
        <span class:warn=soon><Time at/></span>
        {date}
    }
    .into_any()
}

/// The month so far: cost, number of calls, and calls on each day.
#[component]
pub(super) fn Month(spend: Money, calls: i64, by_day: Vec<i64>, href: String) -> impl IntoView {
    let max = by_day.iter().copied().max().unwrap_or(0);
    let bars = (max > 0).then(|| {
        let label = format!("Calls on each day of this month, at most {}", format_count(max));
        view! { <Sparkline values=by_day slots=MAX_DAYS label/> }
    });
    let text = if calls == 0 { "No calls".to_owned() } else { plural(calls, "call") };
    view! {
        <a class="month" href=href>
            {bars}
            <span><Amount value=spend decimals=2/><span class="sub">{text}</span></span>
        </a>
    }
}
