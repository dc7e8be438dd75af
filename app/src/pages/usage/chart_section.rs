//! The chart, with its controls in its head and its download below.

use domain::usage::{ChartForm, UsageReport};
use leptos::prelude::*;

use super::{
    chart_controls::{ChartControls, group_label},
    chart_data::chart_data,
    download::DownloadMenu,
    links::Links,
    measure::is_duration,
};
use crate::{components::chart::Chart, lean::When, pages::chart_table::ChartTable, state::use_go};

#[component]
pub(super) fn ChartSection(report: ReadSignal<UsageReport>, links: Memo<Links>) -> impl IntoView {
    let go = use_go();
    let data = Memo::new(move |_| report.with(|report| links.with(|links| chart_data(report, links))));
    let title = Memo::new(move |_| {
        links.with(|links| {
            let query = &links.address.query;
            let view = report.with(|report| report.view.label().to_ascii_lowercase());
            if is_duration(query.metric) {
                return format!("{}, {view}", query.metric.label());
            }
            let share = if links.address.form == ChartForm::Share { "Share of " } else { "" };
            let metric = query.metric.label();
            format!("{share}{metric} by {}, {view}", group_label(&query.group).to_ascii_lowercase())
        })
    });
    let has_durations = move || links.with(|links| is_duration(links.address.query.metric));
    let hidden = RwSignal::new(Vec::<String>::new());
    let zoom = move |first: usize, last: usize| {
        let href = report.with_untracked(|report| links.with_untracked(|links| links.closer(report, first, last)));
        if let Some(href) = href {
            go.to(href);
        }
    };
    view! {
        <section class="card usage-chart">
            <header>
                <h2>{title}</h2>
                <ChartControls report links/>
            </header>
            <Chart
                data
                label=title
                hidden
                on_zoom=zoom
                table=move || view! { <ChartTable data label=title/> }
            />
            <When when=has_durations>
                <p class="usage-note">
                    "Percentiles are estimated from fixed ranges of time: the true value lies between the bounds that are given with each."
                </p>
            </When>
            <DownloadMenu data hidden title/>
        </section>
    }
}
