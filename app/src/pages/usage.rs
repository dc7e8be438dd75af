//! The usage page: how much was used, when, and by which model, key or project.

mod chart_data;
mod chart_section;
mod chips;
mod controls;
mod days;
mod export;
mod figures;
mod filter_list;
mod filter_menu;
mod filter_options;
mod names;
mod no_calls;
mod range_menu;
mod series_table;
mod spend;
mod zone_menu;

use domain::{
    permissions::Permission,
    usage::{Metric, UsageQuery, UsageReport},
};
use leptos::prelude::*;

pub(super) use self::{
    chart_data::{Links, chart_data, plural},
    chips::{FilterNames, filter_chips},
    export::with_organization,
    figures::MetricTiles,
    range_menu::{ANY_TIME, RangeMenu, range_name},
    spend::{Spend, format_spend_share},
    zone_menu::ZoneMenu,
};
use self::{
    chart_section::ChartSection,
    controls::Controls,
    export::{facts, href},
    names::format_days,
    no_calls::NoCalls,
    series_table::SeriesTable,
};
pub(crate) use self::{days::CustomRangeDialog, filter_list::UsageFilters};
use super::export::Export;
use crate::{
    addresses::UsageAddress,
    api,
    components::{AsyncView, PageHead, Skeleton, zone_name},
    lean::When,
    state::{load, use_address, use_go, use_live, use_organization},
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
    let export_href = Signal::derive(move || links.with(href));
    let export_facts = Signal::derive(move || {
        report.with(|report| links.with(|links| report.map(|report| facts(report, links)).unwrap_or_default()))
    });
    view! {
        <PageHead
            title="Usage"
            description=move || view! { {description} }
            live=true
            secondary=move || view! { <Export href=export_href facts=export_facts/> }
        />
        <div class="usage">
            <Controls address report/>
            <AsyncView answer=report skeleton=skeleton let:report>
                <Report report links/>
            </AsyncView>
        </div>
    }
}

/// The report's tiles, chart and table.
#[component]
fn Report(report: ReadSignal<UsageReport>, links: Memo<Links>) -> impl IntoView {
    let go = use_go();
    let choose_metric = move |metric: Metric| {
        go.to(links.with_untracked(|links| links.page(UsageQuery { metric, ..links.address.query.clone() })));
    };
    let is_empty = Memo::new(move |_| report.with(|report| report.total.is_zero()));
    view! {
        <MetricTiles report links on_choose=choose_metric/>
        <When
            when=move || !is_empty.get()
            fallback=move || view! { <NoCalls report links/> }
        >
            <ChartSection report links/>
            <SeriesTable report links/>
        </When>
    }
}

fn skeleton() -> impl IntoView {
    view! {
        <Skeleton lines=4 shape="tiles"/>
        <Skeleton lines=1 shape="chart"/>
        <Skeleton lines=5/>
    }
}

/// The report's range, such as `1 Nov – 17 Nov 2026, Europe/Berlin time`.
fn describe_range(report: &UsageReport) -> String {
    let zone = report.time_zone.as_str();
    let Some(first) = report.buckets.first() else { return String::new() };
    format!("{}, {} time", format_days(*first, report.end, zone), zone_name(zone))
}
