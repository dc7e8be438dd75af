use domain::{calls::OutcomeFilter, time::Timestamp, usage::Range};
use leptos::prelude::*;

use super::{CallsHref, chosen, outcome::filter_label};
use crate::{
    addresses::LogsAddress,
    components::{Chip, Choice, FilterChips, Select, TimeStyle, format_moment},
    pages::usage::{ANY_TIME, FilterNames, RangeMenu, ZoneMenu, filter_chips, range_name},
    state::use_go,
};

/// What narrows the calls, as the address says it.
#[component]
pub(super) fn Controls(address: Memo<LogsAddress>, zone: Memo<String>, href: CallsHref, of_key: bool) -> impl IntoView {
    let go = use_go();
    let filter = Memo::new(move |_| address.with(|address| chosen(&address.filter, of_key)));
    let names = FilterNames::new(filter);
    // A filter changes which calls there are, so that the open one is closed.
    let href = move |address: LogsAddress| href.run((LogsAddress { call: None, ..address },));
    let chips = Memo::new(move |_| {
        let address = address.get();
        let mut chips = Vec::new();
        chips
            .extend(filter_chips(&filter.get(), names, None, |filter| href(LogsAddress { filter, ..address.clone() })));
        if let Some(outcome) = address.outcome {
            let without = href(LogsAddress { outcome: None, ..address.clone() });
            chips.push(Chip { name: "Outcome", value: filter_label(outcome).to_owned(), without });
        }
        chips
    });
    let outcomes: Vec<_> = [Choice::new("", "Any outcome")]
        .into_iter()
        .chain(OutcomeFilter::ALL.map(|outcome| Choice::new(outcome.name(), filter_label(outcome))))
        .collect();
    let range = Memo::new(move |_| address.with(|address| address.range));
    let range_name = Memo::new(move |_| address.with(|address| name_of_time(address, &zone.get())));
    let range_href = Callback::new(move |(range,): (Option<Range>,)| href(address.get().within(range)));
    let zone_href =
        Callback::new(move |(time_zone,): (Option<String>,)| href(LogsAddress { time_zone, ..address.get() }));
    view! {
        <div class="filters" role="group" aria-label="What is shown">
            <RangeMenu range name=range_name href=range_href any_time=true/>
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

/// The time as people read it: a whole day by its name, and what lies within one without naming it twice.
fn name_of_time(address: &LogsAddress, zone: &str) -> String {
    let say = |moment: Timestamp, style| format_moment(moment, zone, style);
    let midnight = |moment| say(moment, TimeStyle::Second) == "00:00:00";
    match (address.from, address.to) {
        (None, None) => address.range.map_or_else(|| ANY_TIME.to_owned(), range_name),
        (Some(from), None) => format!("Since {}", say(from, TimeStyle::DayMinute)),
        (None, Some(to)) => format!("Before {}", say(to, TimeStyle::DayMinute)),
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
    }
}
