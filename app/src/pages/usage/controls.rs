use domain::usage::{Range, UsageQuery, UsageReport};
use leptos::prelude::*;

use super::{
    chips::Chips,
    filter_menu::FilterMenu,
    range_menu::{RangeMenu, range_name},
    zone_menu::ZoneMenu,
};
use crate::{
    addresses::UsageAddress,
    components::Filters,
    state::{QueryState, use_organization},
};

/// Controls of the address's query that narrow the whole page: range, filters and time zone.
#[component]
pub(super) fn Controls(address: Memo<UsageAddress>, report: QueryState<UsageReport>) -> impl IntoView {
    let organization = use_organization();
    let query = move || address.get().query;
    let range = Memo::new(move |_| Some(query().range));
    let range_href = Callback::new(move |(range,): (Option<Range>,)| {
        UsageAddress { query: with_range(query(), range.unwrap_or_default()) }.href(&organization.slug())
    });
    let zone_href = Callback::new(move |(time_zone,): (Option<String>,)| {
        UsageAddress { query: UsageQuery { time_zone, ..query() } }.href(&organization.slug())
    });
    view! {
        <Filters active=Signal::derive(move || address.with(|address| count_active(&address.query)))>
            <RangeMenu range name=Memo::new(move |_| range_name(query().range)) href=range_href/>
            <Chips address report/>
            <FilterMenu address/>
            <ZoneMenu zone=Signal::derive(move || query().time_zone) href=zone_href/>
        </Filters>
    }
}

/// The query for another range; back to the default view where the chosen one doesn't fit it.
fn with_range(query: UsageQuery, range: Range) -> UsageQuery {
    let view = query.view.filter(|view| range.fits(*view));
    UsageQuery { range, view, ..query }
}

/// Number of controls that differ from the page as it first opens.
fn count_active(query: &UsageQuery) -> usize {
    let UsageQuery { range, time_zone, filter, .. } = query;
    [
        *range != Range::default(),
        time_zone.is_some(),
        filter.project.is_some(),
        filter.api_key.is_some(),
        filter.model.is_some(),
    ]
    .into_iter()
    .filter(|active| *active)
    .count()
}
