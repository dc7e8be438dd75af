use domain::usage::{Comparison, Group, Range, UsageQuery, UsageReport};
use leptos::prelude::*;

use super::{
    chips::Chips,
    filter_menu::FilterMenu,
    filter_names::FilterNames,
    range_menu::{RangeMenu, range_name_in},
    zone_menu::ZoneMenu,
};
use crate::{
    addresses::UsageAddress,
    components::{Filters, Icon, IconView, Menu, MenuLink},
    lean::CollectAny,
    state::{QueryState, use_organization, use_zone},
};

/// Controls of the address's query that narrow the whole page: range, comparison, filters and time zone.
#[component]
pub(super) fn Controls(
    address: Memo<UsageAddress>,
    report: QueryState<UsageReport>,
    names: FilterNames,
) -> impl IntoView {
    let (organization, zone) = (use_organization(), use_zone());
    let query = move || address.with(|address| address.query.clone());
    let href = move |query: UsageQuery| address.with(|address| address.with_query(query).href(&organization.slug()));
    let range = Memo::new(move |_| Some(query().range));
    let range_href = Callback::new(move |(range,): (Option<Range>,)| {
        // Another range isn't narrower than the levels above.
        UsageAddress { query: with_range(query(), range.unwrap_or_default()), levels: Vec::new(), ..address.get() }
            .href(&organization.slug())
    });
    let zone_href = Callback::new(move |(time_zone,): (Option<String>,)| href(UsageQuery { time_zone, ..query() }));
    let compare_href = Callback::new(move |(compare,): (Option<Comparison>,)| href(UsageQuery { compare, ..query() }));
    let range_name = Memo::new(move |_| zone.with(|zone| range_name_in(query().range, zone)));
    view! {
        <Filters active=Signal::derive(move || address.with(|address| count_active(&address.query)))>
            <RangeMenu range name=range_name href=range_href/>
            <CompareMenu compare=Signal::derive(move || query().compare) href=compare_href/>
            <Chips address report names/>
            <FilterMenu address/>
            <ZoneMenu zone=Signal::derive(move || query().time_zone) href=zone_href/>
        </Filters>
    }
}

/// A menu of the earlier ranges to compare with, or none.
#[component]
fn CompareMenu(
    compare: Signal<Option<Comparison>>,
    /// The page's address with another comparison.
    href: Callback<(Option<Comparison>,), String>,
) -> impl IntoView {
    let name = move || compare.get().map_or("Compare", Comparison::label);
    let choice = move |choice: Option<Comparison>| {
        view! {
            <MenuLink
                href=Signal::derive(move || href.run((choice,)))
                current=Signal::derive(move || compare.get() == choice)
            >
                {choice.map_or("No comparison", Comparison::label)}
            </MenuLink>
        }
    };
    let choices = std::iter::once(None).chain(Comparison::ALL.into_iter().map(Some));
    view! {
        <Menu
            label=Signal::derive(move || format!("Compare with: {}", compare.get().map_or("nothing", Comparison::label)))
            class="button quiet"
            trigger=move || view! { <span>{name}</span> <IconView icon=Icon::ChevronDown/> }
        >
            {choices.map(choice).collect_any()}
        </Menu>
    }
}

/// The query for another range; back to the default view where the chosen one doesn't fit it, and to the default grouping where
/// tags aren't known for as long.
fn with_range(query: UsageQuery, range: Range) -> UsageQuery {
    let view = query.view.filter(|view| range.fits(*view));
    let is_kept = !matches!(query.group, Group::Tag(_)) || range.most_days() <= Group::MAX_TAG_DAYS;
    let group = if is_kept { query.group.clone() } else { Group::default() };
    UsageQuery { range, view, group, ..query }
}

/// Number of controls that differ from the page as it first opens.
fn count_active(query: &UsageQuery) -> usize {
    let UsageQuery { range, time_zone, filter, compare, .. } = query;
    let others = [*range != Range::default(), time_zone.is_some(), compare.is_some()];
    others.into_iter().filter(|active| *active).count() + filter.len()
}
