//! The usage page: how much was used, when, and by which model, key or project.

mod chart_data;
mod chips;
mod controls;
mod days;
mod figures;
mod names;
mod range_menu;
mod series_table;
mod zone_menu;

use domain::{
    permissions::Permission,
    usage::{Range, UsageQuery, UsageReport},
};
use leptos::prelude::*;

pub(super) use self::{
    chart_data::{Links, chart_data, plural},
    chips::{FilterNames, filter_chips},
    figures::figures,
    range_menu::{ANY_TIME, RangeMenu, range_name},
    zone_menu::ZoneMenu,
};
use self::{chips::Chips, controls::Controls, series_table::SeriesTable};
use crate::{
    addresses::{Page, Query, UsageAddress},
    api,
    components::{
        AsyncView, EmptyState, Export, Icon, PageHead, Skeleton, Tiles, TimeStyle, chart::Chart, format_moment, zone_name,
    },
    lean::When,
    state::{load, use_address, use_live, use_organization},
};

/// Usage over a range: figures, chart and table, all from one report.
#[component]
pub fn Usage() -> impl IntoView {
    let organization = use_organization();
    let address = use_address(UsageAddress::parse);
    let report = load(move || api::usage::Report { organization: organization.slug(), query: address.get().query });
    use_live().follow(move || report.refresh());

    let links = Memo::new(move |_| Links {
        organization: organization.slug(),
        address: address.get(),
        to_logs: organization.may(Permission::ViewLogs),
    });
    let description = move || report.with(|report| report.map(describe_range));
    view! {
        <PageHead
            title="Usage"
            description=move || view! { {description} }
            live=true
            secondary=move || view! {
                <Export href=Signal::derive(move || export(&organization.slug(), &address.get()))/>
            }
        />
        <div class="usage">
            <Controls address/>
            <Chips address report/>
            <AsyncView answer=report skeleton=skeleton let:report>
                <Report report links/>
            </AsyncView>
        </div>
    }
}

/// The report's tiles, chart and table.
#[component]
fn Report(report: ReadSignal<UsageReport>, links: Memo<Links>) -> impl IntoView {
    let tiles = Memo::new(move |_| report.with(|report| links.with(|links| figures(report, links))));
    let data = Memo::new(move |_| report.with(|report| links.with(|links| chart_data(report, links))));
    let title = Memo::new(move |_| {
        links.with(|links| {
            let query = &links.address.query;
            let view = report.with(|report| report.view.label().to_ascii_lowercase());
            format!("{} by {}, {view}", query.metric.label(), query.group.label().to_ascii_lowercase())
        })
    });
    let is_empty = Memo::new(move |_| report.with(|report| report.total.is_zero()));
    view! {
        <Tiles label="Totals of the range" tiles/>
        <When
            when=move || !is_empty.get()
            fallback=move || view! { <NoCalls report links/> }
        >
            <section class="card usage-chart">
                <h2>{title}</h2>
                <Chart data label=title/>
            </section>
            <section class="card table-card">
                <SeriesTable report links/>
            </section>
        </When>
    }
}

/// The page's content without any calls, with links to wider selections.
#[component]
fn NoCalls(report: ReadSignal<UsageReport>, links: Memo<Links>) -> impl IntoView {
    let organization = use_organization();
    let may_see_keys = organization.may(Permission::ViewApiKeys);
    let has_calls = move || report.with(|report| report.has_calls);
    let can_be_wider = move || {
        let days = links.with(|links| links.address.query.range.most_days());
        has_calls() && days < Range::Last90Days.most_days()
    };
    let is_filtered = move || links.with(|links| links.address.query.filter != domain::usage::Filter::default());
    let href = move |query: fn(UsageQuery) -> UsageQuery| {
        move || links.with(|links| UsageAddress { query: query(links.address.query.clone()) }.href(&links.organization))
    };
    let wider = href(|query| UsageQuery { range: Range::Last90Days, view: None, ..query });
    let unfiltered = href(|query| UsageQuery { filter: domain::usage::Filter::default(), ..query });
    view! {
        <div class="card">
            <EmptyState icon=Icon::Usage title="No calls in this range">
                <p>
                    {move || (!has_calls()).then_some("No calls yet. ")}
                    "New calls will appear here automatically."
                </p>
                <p class="acts">
                    <When when=can_be_wider><a class="button" href=wider>"Show the last 90 days"</a></When>
                    <When when=is_filtered><a class="button" href=unfiltered>"Remove the filters"</a></When>
                    {may_see_keys.then(|| view! { <a class="button" href=Page::ApiKeys.path(&organization.slug())>"API keys"</a> })}
                </p>
            </EmptyState>
        </div>
    }
}

fn skeleton() -> impl IntoView {
    view! {
        <Skeleton lines=5 shape="tiles"/>
        <Skeleton lines=1 shape="chart"/>
        <Skeleton lines=5/>
    }
}

/// The report's range, such as `1 Nov 2026 – 17 Nov 2026, Europe/Berlin time`.
fn describe_range(report: &UsageReport) -> String {
    let zone = report.time_zone.as_str();
    let Some(first) = report.buckets.first() else { return String::new() };
    let last = report.end.plus_millis(-1);
    let (from, to) = (format_moment(*first, zone, TimeStyle::Date), format_moment(last, zone, TimeStyle::Date));
    let range = if from == to { from } else { format!("{from} – {to}") };
    format!("{range}, {} time", zone_name(zone))
}

/// The address of the report as CSV.
fn export(organization: &str, address: &UsageAddress) -> String {
    with_organization(organization, address.to_query()).append_to("/api/usage/export.csv")
}

/// Adds the organization to `query`, as the server's exports require.
pub(super) fn with_organization(organization: &str, query: Query) -> Query {
    query.with("organization", Some(organization))
}
