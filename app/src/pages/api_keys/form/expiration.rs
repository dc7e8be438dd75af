//! How long a key is to live.

use chrono::Datelike;
use domain::{
    api_keys::{KeyPolicy, LONGEST_LIFE_DAYS, Life},
    time::Timestamp,
    usage::parse_day,
};
use js_sys::Date;
use leptos::prelude::*;

use super::{Draft, Wrong};
use crate::{
    components::{Choice, Field, RadioCards, When},
    state::now,
};

/// What is offered, in days, where the policy allows it.
const DAYS: [u32; 3] = [30, 90, 180];
pub(super) const DEFAULT: &str = "90";
pub(super) const DATE: &str = "date";
pub(super) const NEVER: &str = "";

/// What was chosen, or why it is none.
pub(super) fn read(life: &str, day: &str) -> Result<Life, &'static str> {
    match life {
        NEVER => Ok(Life::Never),
        DATE => end_of_day(day).map(Life::At).ok_or("Choose a day."),
        days => days.parse().map(Life::Days).map_err(|_| "Choose how long it lives."),
    }
}

/// The last second of a day such as `2026-11-17`, in the browser's time zone.
fn end_of_day(text: &str) -> Option<Timestamp> {
    let day = parse_day(text)?;
    let (year, month) = (u32::try_from(day.year()).ok()?, i32::try_from(day.month0()).ok()?);
    let date = i32::try_from(day.day()).ok()?;
    let end = Date::new_with_year_month_day_hr_min_sec(year, month, date, 23, 59, 59).get_time();
    #[expect(clippy::cast_possible_truncation, reason = "a moment in milliseconds fits 53 bits")]
    Some(Timestamp::from_millis(end as i64))
}

/// The day that `moment` lies in, in the browser's time zone, as date inputs say it.
fn local_day(moment: Timestamp) -> String {
    #[expect(clippy::cast_precision_loss, reason = "JavaScript has no other numbers")]
    let date = Date::new(&(moment.millis() as f64).into());
    format!("{:04}-{:02}-{:02}", date.get_full_year(), date.get_month() + 1, date.get_date())
}

/// What may be chosen under `policy`.
fn choices(policy: KeyPolicy) -> Vec<Choice> {
    let most = policy.longest_life_days.unwrap_or(u32::MAX);
    let mut days: Vec<u32> = DAYS.into_iter().filter(|days| *days <= most).collect();
    // The longest that is allowed is always offered, or a strict policy would leave nothing but a date.
    if policy.longest_life_days.is_some_and(|most| most < 365) && !days.contains(&most) {
        days.push(most);
    }
    let lives = days.into_iter().map(|days| Choice::new(days.to_string(), plural_days(days)));
    let never = (!policy.expiry_required).then(|| Choice::new(NEVER, "Never"));
    lives.chain([Choice::new(DATE, "On a day")]).chain(never).collect()
}

fn plural_days(days: u32) -> String {
    if days == 1 { "1 day".to_owned() } else { format!("{days} days") }
}

/// What the organization demands, if anything.
fn demand(policy: KeyPolicy) -> String {
    let within = policy.longest_life_days.map(plural_days);
    match (policy.expiry_required, within) {
        (true, Some(within)) => format!(" Keys of this organization must expire within {within}."),
        (true, None) => " Keys of this organization must expire.".to_owned(),
        (false, Some(within)) => format!(" Keys of this organization that expire do so within {within}."),
        (false, None) => String::new(),
    }
}

/// What is chosen; what the policy forbids isn't, so then it is the first that it offers.
pub(super) fn allowed(draft: Draft, policy: Memo<KeyPolicy>) -> Memo<String> {
    Memo::new(move |_| {
        let (chosen, offered) = (draft.life.get(), choices(policy.get()));
        if offered.iter().any(|choice| choice.value == chosen) {
            return chosen;
        }
        offered.into_iter().next().map(|choice| choice.value).unwrap_or_default()
    })
}

/// When the key is to expire.
#[component]
pub(super) fn LifeField(draft: Draft, life: Memo<String>, wrong: Wrong, policy: Memo<KeyPolicy>) -> impl IntoView {
    let offered = Memo::new(move |_| choices(policy.get()));
    let on_a_day = move || life.with(|life| life == DATE);
    let error = wrong.of("life");
    view! {
        {move || {
            view! {
                <RadioCards
                    name="life"
                    legend="Expires after"
                    inline=true
                    value=life
                    choices=offered.get()
                    on_change=move |life: String| draft.life.set(life)
                    hint=format!("Can’t be changed afterwards.{}", demand(policy.get()))
                    error=Signal::derive(move || error.get().filter(|_| !on_a_day()))
                />
            }
        }}
        <When when=on_a_day>
            <Field
                name="day"
                label="Last day"
                kind="date"
                value=draft.day
                hint="It works until the end of that day, in your time zone."
                bounds=(local_day(now()), Some(last_day(policy.get())))
                error
            />
        </When>
    }
}

/// The last day whose end the policy allows.
fn last_day(policy: KeyPolicy) -> String {
    let most = policy.longest_life_days.unwrap_or(LONGEST_LIFE_DAYS).min(LONGEST_LIFE_DAYS);
    local_day(now().plus_days(i64::from(most) - 1))
}
