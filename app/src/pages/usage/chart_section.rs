//! The chart, with its grouping, its view and a link to the calls in its head.

use domain::{
    calls::OutcomeFilter,
    usage::{Group, Metric, UsageQuery, UsageReport, View},
};
use leptos::prelude::*;

use super::chart_data::{Links, chart_data, view_label};
use crate::{
    addresses::LogsAddress,
    components::{Segmented, SelectOption, chart::Chart, unique_id},
    lean::{CollectAny, When},
    state::use_go,
};

#[component]
pub(super) fn ChartSection(report: ReadSignal<UsageReport>, links: Memo<Links>) -> impl IntoView {
    let data = Memo::new(move |_| report.with(|report| links.with(|links| chart_data(report, links))));
    let title = Memo::new(move |_| {
        links.with(|links| {
            let query = &links.address.query;
            let view = report.with(|report| report.view.label().to_ascii_lowercase());
            format!("{} by {}, {view}", query.metric.label(), query.group.label().to_ascii_lowercase())
        })
    });
    view! {
        <section class="card usage-chart">
            <header>
                <h2>{title}</h2>
                <Controls report links/>
            </header>
            <Chart data label=title/>
        </section>
    }
}

/// Controls of the chart's view and grouping, and a link to the calls that it counts.
#[component]
fn Controls(report: ReadSignal<UsageReport>, links: Memo<Links>) -> impl IntoView {
    let go = use_go();
    let query = Memo::new(move |_| links.with(|links| links.address.query.clone()));
    let go_to = move |query: UsageQuery| go.to(links.with_untracked(|links| links.page(query)));
    let metric = Memo::new(move |_| query.with(|query| query.metric));
    let calls = move || {
        let outcome = (metric.get() == Metric::Errors).then_some(OutcomeFilter::Errors);
        links.with(|links| {
            let address = report.with(|report| links.all_calls(report))?;
            let href = LogsAddress { outcome, ..address }.href(&links.organization);
            Some(view! { <a class="link" href=href>{view_label(metric.get())}</a> }.into_any())
        })
    };
    let choose_view = move |view: View| go_to(UsageQuery { view: Some(view), ..query.get_untracked() });
    let choose_group = move |name: String| {
        let group = name.parse().unwrap_or_default();
        go_to(UsageQuery { group, all_groups: false, ..query.get_untracked() });
    };
    let groups: Vec<_> = Group::ALL.iter().map(|group| SelectOption::new(group.name(), group.label())).collect();
    view! {
        <div class="usage-chart-controls">
            <ViewSwitch query on_change=choose_view/>
            <Segmented
                label="Group by"
                value=Signal::derive(move || query.with(|query| query.group.to_string()))
                on_change=choose_group
                choices=Signal::stored(groups)
            />
            {calls}
        </div>
    }
}

/// Switches between the views that fit the range. Where hours don't fit, it shows the reason.
#[component]
fn ViewSwitch(query: Memo<UsageQuery>, #[prop(into)] on_change: Callback<(View,)>) -> impl IntoView {
    let reason_id = unique_id("no-hours");
    let described_by = reason_id.clone();
    let range = Memo::new(move |_| query.with(|query| query.range));
    // Weeks and months take the place of hours.
    let lacks_hours = Memo::new(move |_| !range.get().fits(View::Hour) && !range.get().fits(View::Week));
    let button = move |view: View| {
        let is_blocked = move || view == View::Hour && lacks_hours.get();
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
    let is_offered = move |view: &View| range.get().fits(*view) || (*view == View::Hour && lacks_hours.get());
    view! {
        <span class="view-switch">
            <When when=move || lacks_hours.get()>
                <span class="filters-hint" id=reason_id.clone()>{NO_HOURS}</span>
            </When>
            <span class="segmented" role="group" aria-label="View">
                {move || View::ALL.into_iter().filter(is_offered).map(button.clone()).collect_any()}
            </span>
        </span>
    }
}

const NO_HOURS: &str = "Hourly is available for up to 31 days";
