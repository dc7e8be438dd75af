use domain::{time::Timestamp, usage::Range};
use leptos::prelude::*;

use super::{
    CallsHref,
    call_search::CallSearch,
    facets::{CallFacets, FacetColumn},
    names::SearchedNames,
    narrowing::NarrowedPage,
};
use crate::{
    addresses::LogsAddress,
    components::{FilterChips, Filters, TimeStyle, format_moment},
    pages::usage::{ANY_TIME, RangeMenu, ZoneMenu, range_name},
    state::use_zone,
};

/// Controls of the address's query: time range, search, time zone, chips and facets.
#[component]
pub(super) fn Controls(address: Memo<LogsAddress>, href: CallsHref, of_key: bool) -> impl IntoView {
    let zone = use_zone();
    let page = NarrowedPage { address, href, of_key };
    let facets = CallFacets::new(address);
    let names = SearchedNames::new(facets.answer());
    // Another filter changes the list, so the open call is closed.
    let href = move |address: LogsAddress| href.run((LogsAddress { call: None, ..address },));
    let chips = Memo::new(move |_| names.with(|names| page.chips(names)));
    let range = Memo::new(move |_| address.with(|address| address.range));
    let range_name = Memo::new(move |_| address.with(|address| describe_range(address, &zone.get())));
    let range_href = Callback::new(move |(range,): (Option<Range>,)| href(address.get().with_range(range)));
    let zone_href =
        Callback::new(move |(time_zone,): (Option<String>,)| href(LogsAddress { time_zone, ..address.get() }));
    let active = Signal::derive(move || {
        let others = address.with(|address| {
            let is_bounded = address.range.is_some() || address.from.is_some() || address.to.is_some();
            usize::from(is_bounded) + usize::from(address.time_zone.is_some())
        });
        chips.with(Vec::len) + others
    });
    view! {
        <Filters active>
            <div class="log-controls">
                <RangeMenu range name=range_name href=range_href any_time=true/>
                <CallSearch page names/>
                <ZoneMenu zone=Signal::derive(move || address.with(|address| address.time_zone.clone())) href=zone_href/>
                <FilterChips chips/>
            </div>
            <FacetColumn facets page/>
        </Filters>
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
