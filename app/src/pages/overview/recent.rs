use domain::{
    overview::Overview,
    permissions::Permission,
    usage::{Metric, Range, UsageQuery, UsageReport},
};
use leptos::prelude::*;

use crate::{
    components::{
        Name, bar_width,
        chart::{Chart, slots},
        zone_name,
    },
    lean::CollectAny,
    pages::usage::{Links, Spend, chart_data, format_spend_share, plural},
    state::use_organization,
};

/// Number of models in the list.
const TOP: usize = 5;

/// The last 30 days by model: the chart, and the most expensive models.
#[component]
pub(super) fn Recent(overview: ReadSignal<Overview>) -> impl IntoView {
    let organization = use_organization();
    let links = StoredValue::new(Links {
        organization: organization.slug(),
        address: UsageQuery { range: Range::Last30Days, ..UsageQuery::default() }.into(),
        to_logs: organization.may(Permission::ViewLogs),
    });
    let data = Memo::new(move |_| overview.with(|o| links.with_value(|links| chart_data(&o.recent, links))));
    let usage = links.with_value(|links| links.address.href(&links.organization));
    let zone = move || overview.with(|o| zone_name(&o.recent.time_zone));
    view! {
        <section class="card recent two-thirds">
            <header>
                <h2>"Spend, last 30 days" " " <small class="dim">{zone}</small></h2>
                <a href=usage>"View usage"</a>
            </header>
            <Chart data label="Spend by model, last 30 days"/>
        </section>
        <section class="card top-models one-third">
            <header><h2>"Top models"</h2></header>
            <ol role="list">{move || overview.with(|o| links.with_value(|links| top_models(&o.recent, links)))}</ol>
        </section>
    }
}

fn top_models(report: &UsageReport, links: &Links) -> impl IntoView + use<> {
    let max = report.series.first().map_or(0, |series| series.total.get(Metric::Spend));
    let slots = slots(report.series.iter().map(|series| series.key.as_str()));
    let rows = report.series.iter().zip(slots).take(TOP).map(|(series, slot)| {
        let content = view! {
            <span class="top-name">
                <span class=format!("swatch {}", slot.class()) aria-hidden="true"></span>
                <Name name=series.label.clone()/>
            </span>
            <Spend measures=series.total/>
            <span class=format!("top-bar {}", slot.class()) aria-hidden="true">
                <i style:width=bar_width(series.total.spend.nanos(), max)></i>
            </span>
            <span class="top-share">
                {plural(series.total.calls, "call")} " · " {format_spend_share(&series.total, &report.total)}
            </span>
        };
        match links.series(&series.key) {
            Some(href) => view! { <li><a href=href>{content}</a></li> }.into_any(),
            None => view! { <li><div>{content}</div></li> }.into_any(),
        }
    });
    rows.collect_any()
}
