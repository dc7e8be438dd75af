use domain::{calls::OutcomeFilter, time::Timestamp, usage::Range};
use leptos::prelude::*;

use super::{CallsHref, chosen_filter, outcome::filter_label};
use crate::{
    addresses::LogsAddress,
    components::{Chip, FilterChips, Select, SelectOption, TimeStyle, format_moment},
    pages::usage::{ANY_TIME, FilterNames, RangeMenu, ZoneMenu, filter_chips, range_name},
    state::use_go,
};

/// Controls of the address's query: time range, outcome, time zone and filters.
#[component]
pub(super) fn Controls(address: Memo<LogsAddress>, zone: Memo<String>, href: CallsHref, of_key: bool) -> impl IntoView {
    let go = use_go();
    let filter = Memo::new(move |_| address.with(|address| chosen_filter(&address.filter, of_key)));
    let names = FilterNames::new(filter);
    // Another filter changes the list, so the open call is closed.
    let href = move |address: LogsAddress| href.run((LogsAddress { call: None, ..address },));
    let chips = Memo::new(move |_| {
        let address = address.get();
        let mut chips = Vec::new();
        chips
            .extend(filter_chips(&filter.get(), names, None, |filter| href(LogsAddress { filter, ..address.clone() })));
        if let Some(outcome) = address.outcome {
            let remove_href = href(LogsAddress { outcome: None, ..address.clone() });
            chips.push(Chip { name: "Outcome", value: filter_label(outcome).to_owned(), remove_href });
        }
        chips
    });
    let outcomes: Vec<_> = [SelectOption::new("", "Any outcome")]
        .into_iter()
        .chain(OutcomeFilter::ALL.map(|outcome| SelectOption::new(outcome.name(), filter_label(outcome))))
        .collect();
    let range = Memo::new(move |_| address.with(|address| address.range));
    let range_name = Memo::new(move |_| address.with(|address| describe_range(address, &zone.get())));
    let range_href = Callback::new(move |(range,): (Option<Range>,)| href(address.get().with_range(range)));
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

/// The readable time range: whole days as dates, and a range within one day with the date only once.
pub(super) fn describe_range(address: &LogsAddress, zone: &str) -> String {
    let in_style = |moment: Timestamp, style| format_moment(moment, zone, style);
    let midnight = |moment| in_style(moment, TimeStyle::Second) == "00:00:00";
    match (address.from, address.to) {
        (None, None) => address.range.map_or_else(|| ANY_TIME.to_owned(), range_name),
        (Some(from), None) => format!("Since {}", in_style(from, TimeStyle::DayMinute)),
        (None, Some(to)) => format!("Before {}", in_style(to, TimeStyle::DayMinute)),
        (Some(from), Some(to)) => {
            let last = to.plus_millis(-1);
            let (first_day, last_day) = (in_style(from, TimeStyle::Date), in_style(last, TimeStyle::Date));
            match (midnight(from) && midnight(to), first_day == last_day) {
                (true, true) => {
                    format!(
                        "{} {}",
                        in_style(from, TimeStyle::Weekday),
                        first_day.rsplit(' ').next().unwrap_or_default()
                    )
                }
                (true, false) => format!("{first_day} – {last_day}"),
                (false, true) => {
                    format!(
                        "{}, {} – {}",
                        in_style(from, TimeStyle::Weekday),
                        in_style(from, TimeStyle::Minute),
                        in_style(to, TimeStyle::Minute)
                    )
                }
                (false, false) => {
                    format!("{} – {}", in_style(from, TimeStyle::DayMinute), in_style(to, TimeStyle::DayMinute))
                }
            }
        }
    }
}
