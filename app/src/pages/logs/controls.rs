use domain::{calls::Outcome, time::Timestamp};
use leptos::prelude::*;

use super::outcome::label;
use crate::{
    addresses::LogsAddress,
    components::{Chip, Choice, FilterChips, Select, TimeStyle, format_moment},
    pages::usage::{FilterNames, ZoneMenu, filter_chips},
    state::{use_go, use_organization},
};

/// What narrows the calls, as the address says it.
#[component]
pub(super) fn Controls(address: Memo<LogsAddress>, zone: Memo<String>) -> impl IntoView {
    let (go, organization) = (use_go(), use_organization());
    let names = FilterNames::new(Memo::new(move |_| address.with(|address| address.filter.clone())));
    // A filter changes which calls there are, so that the open one is closed.
    let href = move |address: LogsAddress| LogsAddress { call: None, ..address }.href(&organization.slug());
    let chips = Memo::new(move |_| {
        let address = address.get();
        let mut chips = Vec::new();
        if let Some(value) = range(&address, &zone.get()) {
            let without = href(LogsAddress { from: None, to: None, ..address.clone() });
            chips.push(Chip { name: "Time", value, without });
        }
        chips.extend(filter_chips(&address.filter, names, None, |filter| {
            href(LogsAddress { filter, ..address.clone() })
        }));
        if let Some(outcome) = address.outcome {
            let without = href(LogsAddress { outcome: None, ..address.clone() });
            chips.push(Chip { name: "Outcome", value: label(outcome).to_owned(), without });
        }
        chips
    });
    let outcomes: Vec<_> = [Choice::new("", "Any outcome")]
        .into_iter()
        .chain(Outcome::ALL.map(|outcome| Choice::new(outcome.name(), label(outcome))))
        .collect();
    let zone_href =
        Callback::new(move |(time_zone,): (Option<String>,)| href(LogsAddress { time_zone, ..address.get() }));
    view! {
        <div class="filters" role="group" aria-label="What is shown">
            <Select
                name="outcome"
                label="Outcome"
                compact=true
                value=Signal::derive(move || address.with(|address| address.outcome.map(|o| o.to_string()).unwrap_or_default()))
                on_change=move |(name,): (String,)| go.to(href(LogsAddress { outcome: name.parse().ok(), ..address.get() }))
                choices=Signal::stored(outcomes)
            />
            <ZoneMenu zone=Signal::derive(move || address.with(|address| address.time_zone.clone())) href=zone_href/>
            <FilterChips chips/>
        </div>
    }
}

/// The time range as people read it: a whole day by its name, and what lies within one without naming it twice.
fn range(address: &LogsAddress, zone: &str) -> Option<String> {
    let say = |moment: Timestamp, style| format_moment(moment, zone, style);
    let midnight = |moment| say(moment, TimeStyle::Second) == "00:00:00";
    Some(match (address.from, address.to) {
        (None, None) => return None,
        (Some(from), None) => format!("since {}", say(from, TimeStyle::DayMinute)),
        (None, Some(to)) => format!("before {}", say(to, TimeStyle::DayMinute)),
        (Some(from), Some(to)) => {
            let last = to.plus_millis(-1);
            let (first_day, last_day) = (say(from, TimeStyle::Date), say(last, TimeStyle::Date));
            match (midnight(from) && midnight(to), first_day == last_day) {
                (true, true) => {
                    format!("{} {}", say(from, TimeStyle::Weekday), first_day.rsplit(' ').next().unwrap_or_default())
                }
                (true, false) => format!("{first_day} – {last_day}"),
                (false, true) => {
                    format!(
                        "{}, {} – {}",
                        say(from, TimeStyle::Weekday),
                        say(from, TimeStyle::Minute),
                        say(to, TimeStyle::Minute)
                    )
                }
                (false, false) => format!("{} – {}", say(from, TimeStyle::DayMinute), say(to, TimeStyle::DayMinute)),
            }
        }
    })
}
