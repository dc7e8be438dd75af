use domain::usage::{Group, Metric, Range, UsageQuery, View};
use leptos::prelude::*;

use super::{
    range_menu::{RangeMenu, range_name},
    zone_menu::ZoneMenu,
};
use crate::{
    addresses::UsageAddress,
    components::{Segmented, SelectOption, unique_id},
    lean::{CollectAny, When},
    state::{use_go, use_organization},
};

/// Controls of the address's query: range, view, metric, grouping and time zone.
#[component]
pub(super) fn Controls(address: Memo<UsageAddress>) -> impl IntoView {
    let (go, organization) = (use_go(), use_organization());
    let query = move || address.get().query;
    let go_to = move |query: UsageQuery| go.to(UsageAddress { query }.href(&organization.slug()));
    let range = Memo::new(move |_| Some(query().range));
    let range_href = Callback::new(move |(range,): (Option<Range>,)| {
        UsageAddress { query: with_range(query(), range.unwrap_or_default()) }.href(&organization.slug())
    });
    let zone_href = Callback::new(move |(time_zone,): (Option<String>,)| {
        UsageAddress { query: UsageQuery { time_zone, ..query() } }.href(&organization.slug())
    });
    view! {
        <div class="filters" role="group" aria-label="What is shown">
            <RangeMenu range name=Memo::new(move |_| range_name(query().range)) href=range_href/>
            <ViewSwitch query=Memo::new(move |_| query()) on_change=move |(view,)| go_to(UsageQuery { view: Some(view), ..query() })/>
            <Segmented
                label="Metric"
                value=Signal::derive(move || query().metric.to_string())
                on_change=move |(name,): (String,)| go_to(UsageQuery { metric: name.parse().unwrap_or_default(), ..query() })
                choices=Signal::stored(Metric::ALL.iter().map(|m| SelectOption::new(m.name(), m.label())).collect::<Vec<_>>())
            />
            <span class="filters-by">
                <span class="filters-label" aria-hidden="true">"by"</span>
                <Segmented
                    label="Group by"
                    value=Signal::derive(move || query().group.to_string())
                    on_change=move |(name,): (String,)| go_to(UsageQuery { group: name.parse().unwrap_or_default(), ..query() })
                    choices=Signal::stored(Group::ALL.iter().map(|g| SelectOption::new(g.name(), g.label())).collect::<Vec<_>>())
                />
            </span>
            <ZoneMenu zone=Signal::derive(move || query().time_zone) href=zone_href/>
        </div>
    }
}

/// Switches between hours and days. Where hours don't fit, it shows the reason.
#[component]
fn ViewSwitch(query: Memo<UsageQuery>, #[prop(into)] on_change: Callback<(View,)>) -> impl IntoView {
    let reason_id = unique_id("no-hours");
    let described_by = reason_id.clone();
    let fits_hours = Memo::new(move |_| query.with(|query| query.range.fits_hours()));
    let button = move |view: &'static View| {
        let view = *view;
        let is_blocked = move || view == View::Hour && !fits_hours.get();
        let described_by = described_by.clone();
        let press = move |_| {
            if !is_blocked() {
                on_change.run((view,));
            }
        };
        view! {
            <button
                type="button"
                aria-pressed=move || query.with(|query| query.view() == view).to_string()
                aria-disabled=move || is_blocked().then_some("true")
                aria-describedby=move || is_blocked().then(|| described_by.clone())
                title=move || is_blocked().then_some(NO_HOURS)
                on:click=press
            >
                {view.label()}
            </button>
        }
    };
    view! {
        <span class="view-switch">
            <span class="segmented" role="group" aria-label="View">
                {View::ALL.iter().map(button).collect_any()}
            </span>
            <When when=move || !fits_hours.get()>
                <span class="filters-hint" id=reason_id.clone()>{NO_HOURS}</span>
            </When>
        </span>
    }
}

const NO_HOURS: &str = "Hours: up to 31 days";

/// The query for another range; back to the default view where hours don't fit it.
fn with_range(query: UsageQuery, range: Range) -> UsageQuery {
    let view = query.view.filter(|view| *view != View::Hour || range.fits_hours());
    UsageQuery { range, view, ..query }
}
