//! The choice of a new key's expiration.

use domain::api_keys::{Expiration, KeyPolicy, MAX_LIFE_DAYS};
use leptos::prelude::*;

use super::{
    draft::{DATED_LIFE, Draft, ENDLESS_LIFE},
    errors::DraftErrors,
};
use crate::{
    components::{Field, RadioCards, SelectOption, end_of_day, local_day, zone_name},
    lean::When,
    state::{now, use_zone},
};

/// Offered lifetimes, in days, if the policy allows them.
const DAYS: [u32; 3] = [30, 90, 180];

/// Parses the chosen lifetime, and the chosen day as one of `zone`.
fn parse(life: &str, day: &str, zone: &str) -> Result<Expiration, &'static str> {
    match life {
        ENDLESS_LIFE => Ok(Expiration::Never),
        DATED_LIFE => end_of_day(day, zone).map(Expiration::At).ok_or("Choose a day."),
        days => days.parse().map(Expiration::Days).map_err(|_| "Choose an expiration."),
    }
}

/// The lifetimes to choose from under `policy`.
fn choices(policy: KeyPolicy) -> Vec<SelectOption> {
    let max = policy.longest_life_days.unwrap_or(u32::MAX);
    let mut days: Vec<u32> = DAYS.into_iter().filter(|days| *days <= max).collect();
    // A short maximum is offered too, since a strict policy would leave only a date.
    if policy.longest_life_days.is_some_and(|max| max < 365) && !days.contains(&max) {
        days.push(max);
    }
    let lives = days.into_iter().map(|days| SelectOption::new(days.to_string(), plural_days(days)));
    let never = (!policy.expiry_required).then(|| SelectOption::new(ENDLESS_LIFE, "Never"));
    lives.chain([SelectOption::new(DATED_LIFE, "Custom date")]).chain(never).collect()
}

fn plural_days(days: u32) -> String {
    if days == 1 { "1 day".to_owned() } else { format!("{days} days") }
}

/// The organization's policy as a sentence; empty without one.
fn policy_text(policy: KeyPolicy) -> String {
    let max = policy.longest_life_days.map(plural_days);
    match (policy.expiry_required, max) {
        (true, Some(max)) => format!(" This organization's keys must expire within {max}."),
        (true, None) => " This organization's keys must expire.".to_owned(),
        (false, Some(max)) => format!(" This organization's keys expire within {max} or never."),
        (false, None) => String::new(),
    }
}

/// The chosen lifetime, or the suggested one if the policy forbids it.
pub(super) fn effective_life(draft: Draft, policy: Memo<KeyPolicy>) -> Memo<String> {
    Memo::new(move |_| {
        let (chosen, policy) = (draft.life.get(), policy.get());
        if choices(policy).iter().any(|choice| choice.value == chosen) {
            return chosen;
        }
        policy.default_life_days().to_string()
    })
}

/// The chosen expiration; an error while no day is chosen.
pub(super) fn chosen_expiration(draft: Draft, life: Memo<String>) -> Signal<Result<Expiration, &'static str>> {
    let zone = use_zone();
    Signal::derive(move || life.with(|life| draft.day.with(|day| zone.with(|zone| parse(life, day, zone)))))
}

/// The field for the key's expiration.
#[component]
pub(super) fn ExpirationField(
    draft: Draft,
    life: Memo<String>,
    errors: DraftErrors,
    policy: Memo<KeyPolicy>,
) -> impl IntoView {
    let options = Memo::new(move |_| choices(policy.get()));
    let is_date = move || life.with(|life| life == DATED_LIFE);
    let error = errors.field("life");
    let zone = use_zone();
    view! {
        {move || {
            view! {
                <RadioCards
                    name="life"
                    legend="Expiration"
                    inline=true
                    value=life
                    choices=options.get()
                    on_change=move |life: String| draft.life.set(life)
                    hint=format!("Can't be changed later.{}", policy_text(policy.get()))
                    error=Signal::derive(move || error.get().filter(|_| !is_date()))
                />
            }
        }}
        <When when=is_date>
            <Field
                name="day"
                label="Last day"
                kind="date"
                value=draft.day
                hint=zone.with(|zone| format!("The key works until the end of this day in {}.", zone_name(zone)))
                bounds=zone.with(|zone| (local_day(now(), zone), Some(last_day(policy.get(), zone))))
                error
            />
        </When>
    }
}

/// The last day in `zone` whose end the policy allows.
fn last_day(policy: KeyPolicy, zone: &str) -> String {
    let max = policy.longest_life_days.unwrap_or(MAX_LIFE_DAYS).min(MAX_LIFE_DAYS);
    local_day(now().plus_days(i64::from(max) - 1), zone)
}
