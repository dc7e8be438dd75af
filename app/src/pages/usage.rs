//! The usage page: how much was used, when, and by which model, key or project.

mod chart_controls;
mod chart_data;
mod chart_section;
mod chips;
mod controls;
mod days;
mod differences;
mod download;
mod export;
mod figures;
mod filter_list;
mod filter_menu;
mod filter_names;
mod filter_options;
mod links;
mod measure;
mod names;
mod no_calls;
mod percentiles;
mod picture;
mod range_menu;
mod series_table;
mod spend;
mod tag_dialog;
mod token_table;
mod trail;
mod zone_menu;

use domain::{
    permissions::Permission,
    saved_views::ViewedPage,
    usage::{Filter, Metric, Range, UsageReport},
};
use leptos::prelude::*;

pub(super) use self::{
    chart_data::{bucket_sums, chart_data, plural},
    chips::dimension_name,
    differences::{error_trend, format_difference},
    export::with_organization,
    figures::{KEY_TILES, MetricTiles},
    links::Links,
    percentiles::{format_percentile, percentile_millis},
    range_menu::{ANY_TIME, RangeMenu, range_name},
    spend::{Spend, format_spend_share},
    zone_menu::ZoneMenu,
};
use self::{
    chart_section::ChartSection,
    controls::Controls,
    export::{facts, href},
    figures::TILES,
    filter_names::FilterNames,
    names::format_days,
    no_calls::NoCalls,
    range_menu::range_name_in,
    series_table::SeriesTable,
    token_table::TokenSection,
    trail::Trail,
};
pub(crate) use self::{
    days::CustomRangeDialog, filter_list::UsageFilters, picture::ChartPicture, tag_dialog::TagDialogContent,
    token_table::TokenTable,
};
use super::{export::Export, saved_views::SavedViews};
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
    // Another form of the chart shows the same answer.
    let query = Memo::new(move |_| address.with(|address| address.query.clone()));
    let report = load(move || api::usage::Report { organization: organization.slug(), query: query.get() });
    let names = FilterNames::new(Memo::new(move |_| address.with(all_filters)));
    use_live().follow(move || report.refresh());

    let links = Memo::new(move |_| Links {
        organization: organization.slug(),
        address: address.get(),
        to_logs: organization.may(Permission::ViewLogs),
    });
    let description = move || {
        let range = query.with(|query| query.range);
        report.with(|report| report.map(|report| describe_range(report, range)))
    };
    let export_href = Signal::derive(move || links.with(href));
    let export_facts = Signal::derive(move || {
        report.with(|report| links.with(|links| report.map(|report| facts(report, links)).unwrap_or_default()))
    });
    let view_query = Signal::derive(move || address.with(|address| address.to_query().append_to("")));
    view! {
        <PageHead
            title="Usage"
            description=move || view! { {description} }
            live=true
            secondary=move || view! {
                <SavedViews page=ViewedPage::Usage query=view_query/>
                <Export href=export_href facts=export_facts/>
            }
        />
        <div class="usage">
            <Controls address report names/>
            <Trail address names/>
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
        go.to(links.with_untracked(|links| links.metric(metric)));
    };
    let is_empty = Memo::new(move |_| report.with(|report| report.total.is_zero()));
    view! {
        <MetricTiles metrics=TILES report links on_choose=choose_metric/>
        <When
            when=move || !is_empty.get()
            fallback=move || view! { <NoCalls report links/> }
        >
            <ChartSection report links/>
            <SeriesTable report links/>
            <TokenSection links/>
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
fn describe_range(report: &UsageReport, range: Range) -> String {
    let zone = report.time_zone.as_str();
    let Some(first) = report.buckets.first() else { return String::new() };
    let compared = report
        .compared
        .as_ref()
        .map(|compared| format!(", compared with {}", format_days(compared.from, compared.to, zone)));
    let range = match range {
        Range::Between(_) => range_name_in(range, zone),
        _ => format_days(*first, report.end, zone),
    };
    format!("{range}{}, {} time", compared.unwrap_or_default(), zone_name(zone))
}

/// The filters of the page and of the levels above it, as one: for the names of all that the page shows.
fn all_filters(address: &UsageAddress) -> Filter {
    let mut filter = address.query.filter.clone();
    for level in &address.levels {
        filter.api_keys.extend(level.filter.api_keys.iter().filter(|id| !address.query.filter.api_keys.contains(id)));
        filter.members.extend(level.filter.members.iter().filter(|id| !address.query.filter.members.contains(id)));
    }
    filter
}
