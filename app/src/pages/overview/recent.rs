use domain::{
    overview::Overview,
    permissions::Permission,
    usage::{Range, UsageQuery},
};
use leptos::prelude::*;

use crate::{
    components::{chart::Chart, zone_name},
    pages::{
        chart_table::ChartTable,
        usage::{Links, chart_data},
    },
    state::use_organization,
};

/// The chart's name.
const NAME: &str = "Spend by model, last 30 days";

/// The chart of the last 30 days by model.
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
            <Chart data label=NAME table=move || view! { <ChartTable data label=NAME/> }/>
        </section>
    }
}
