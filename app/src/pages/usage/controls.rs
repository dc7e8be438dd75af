use domain::usage::{Group, Metric, Range, UsageQuery, View};
use leptos::prelude::*;

use super::{
    range_menu::{RangeMenu, range_name},
    zone_menu::ZoneMenu,
};
use crate::{
    addresses::UsageAddress,
    components::{Choice, CollectAny, Segmented, When, unique_id},
    state::{use_go, use_organization},
};

/// Everything that decides what is reported, as the address says it.
#[component]
pub(super) fn Controls(address: Memo<UsageAddress>) -> impl IntoView {
    let (go, organization) = (use_go(), use_organization());
    let query = move || address.get().query;
    let to = move |query: UsageQuery| go.to(UsageAddress { query }.href(&organization.slug()));
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
            <ViewSwitch query=Memo::new(move |_| query()) on_change=move |(view,)| to(UsageQuery { view: Some(view), ..query() })/>
            <Segmented
                label="Metric"
                value=Signal::derive(move || query().metric.to_string())
                on_change=move |(name,): (String,)| to(UsageQuery { metric: name.parse().unwrap_or_default(), ..query() })
                choices=Signal::stored(Metric::ALL.iter().map(|m| Choice::new(m.name(), m.label())).collect::<Vec<_>>())
            />
            <span class="filters-by">
                <span class="filters-label" aria-hidden="true">"by"</span>
                <Segmented
                    label="Group by"
                    value=Signal::derive(move || query().group.to_string())
                    on_change=move |(name,): (String,)| to(UsageQuery { group: name.parse().unwrap_or_default(), ..query() })
                    choices=Signal::stored(Group::ALL.iter().map(|g| Choice::new(g.name(), g.label())).collect::<Vec<_>>())
                />
            </span>
            <ZoneMenu zone=Signal::derive(move || query().time_zone) href=zone_href/>
        </div>
    }
}

/// Hours or days. Where hours don't fit, it says so instead of doing nothing.
#[component]
fn ViewSwitch(query: Memo<UsageQuery>, #[prop(into)] on_change: Callback<(View,)>) -> impl IntoView {
    let reason = unique_id("no-hours");
    let describes = reason.clone();
    let fits = Memo::new(move |_| query.with(|query| query.range.fits_hours()));
    let button = move |view: &'static View| {
        let view = *view;
        let blocked = move || view == View::Hour && !fits.get();
        let describes = describes.clone();
        let press = move |_| {
            if !blocked() {
                on_change.run((view,));
            }
        };
        view! {
            <button
                type="button"
                aria-pressed=move || query.with(|query| query.view() == view).to_string()
                aria-disabled=move || blocked().then_some("true")
                aria-describedby=move || blocked().then(|| describes.clone())
                title=move || blocked().then_some(NO_HOURS)
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
            <When when=move || !fits.get()>
                <span class="filters-hint" id=reason.clone()>{NO_HOURS}</span>
            </When>
        </span>
    }
}

const NO_HOURS: &str = "Hours: up to 31 days";

/// The query for another range; the view is chosen anew where hours don't fit it.
fn with_range(query: UsageQuery, range: Range) -> UsageQuery {
    let view = query.view.filter(|view| *view != View::Hour || range.fits_hours());
    UsageQuery { range, view, ..query }
}
