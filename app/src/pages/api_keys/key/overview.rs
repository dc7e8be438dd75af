use domain::{
    api_keys::ApiKey,
    permissions::Permission,
    usage::{Metric, Range, UsageReport},
};
use leptos::prelude::*;

use super::{KeyIsUsable, facts::Facts};
use crate::{
    addresses::KeyAddress,
    api,
    components::{AsyncView, EmptyState, Icon, Skeleton, chart::Chart},
    lean::When,
    pages::{
        chart_table::ChartTable,
        usage::{KEY_TILES, Links, MetricTiles, RangeMenu, chart_data, range_name},
    },
    state::{load, use_go, use_live, use_organization},
};

/// The key's settings and its usage.
#[component]
pub(super) fn Overview(key: ReadSignal<ApiKey>, address: Memo<KeyAddress>) -> impl IntoView {
    let organization = use_organization();
    let query = Memo::new(move |_| address.with(KeyAddress::usage));
    let report = load(move || api::usage::Report { organization: organization.slug(), query: query.get() });
    use_live().follow(move || report.refresh());
    let links = Memo::new(move |_| Links {
        organization: organization.slug(),
        address: query.get().into(),
        to_logs: organization.may(Permission::ViewLogs),
    });
    let skeleton = || view! { <Skeleton lines=4 shape="tiles"/> <Skeleton lines=1 shape="chart"/> };
    view! {
        <div class="key-overview">
            {move || view! { <Facts key=key.get()/> }}
            <section class="key-usage" aria-labelledby="usage">
                <Controls address links/>
                <AsyncView answer=report skeleton=skeleton let:report>
                    <Usage address report links/>
                </AsyncView>
            </section>
        </div>
    }
}

/// The control of the range, and a link to the same usage on its own page.
#[component]
fn Controls(address: Memo<KeyAddress>, links: Memo<Links>) -> impl IntoView {
    let organization = use_organization();
    let range = Memo::new(move |_| Some(address.with(|address| address.range)));
    let name = Memo::new(move |_| address.with(|address| range_name(address.range)));
    let href = Callback::new(move |(range,): (Option<Range>,)| {
        let address = address.get();
        KeyAddress { range: range.unwrap_or(address.range), ..address }.href(&organization.slug())
    });
    view! {
        <div class="key-usage-head">
            <h2 id="usage">"Usage"</h2>
            <RangeMenu range name href/>
            <a class="link" href=move || links.with(|links| links.address.href(&links.organization))>"View usage"</a>
        </div>
    }
}

#[component]
fn Usage(address: Memo<KeyAddress>, report: ReadSignal<UsageReport>, links: Memo<Links>) -> impl IntoView {
    let (go, organization) = (use_go(), use_organization());
    let choose_metric = move |metric: Metric| {
        go.to(KeyAddress { metric, ..address.get_untracked() }.href(&organization.slug()));
    };
    let data = Memo::new(move |_| report.with(|report| links.with(|links| chart_data(report, links))));
    let title = Memo::new(move |_| links.with(|links| format!("{} by model", links.address.query.metric.label())));
    let is_empty = Memo::new(move |_| report.with(|report| report.total.is_zero()));
    let KeyIsUsable(is_usable) = expect_context();
    let empty_text = move || match is_usable.get() {
        true => "Calls with this key will appear here automatically.",
        false => "Choose an earlier range to see this key's calls.",
    };
    view! {
        <MetricTiles metrics=KEY_TILES report links on_choose=choose_metric/>
        <div class="card">
            <When
                when=move || !is_empty.get()
                fallback=move || view! {
                    <EmptyState icon=Icon::Usage title="No calls in this range">
                        <p>{empty_text}</p>
                    </EmptyState>
                }
            >
                <div class="usage-chart">
                    <Chart data label=title table=move || view! { <ChartTable data label=title/> }/>
                </div>
            </When>
        </div>
    }
}
