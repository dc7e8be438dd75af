use domain::{
    overview::Overview,
    usage::{Metric, Percentile, Range, UsageQuery},
};
use leptos::prelude::*;

use crate::{
    addresses::UsageAddress,
    components::{chart::Sparkline, format_count, format_percent},
    pages::usage::{bucket_sums, format_percentile, percentile_millis},
    state::use_organization,
};

/// A figure of the last 30 days, with a bar for each day.
#[derive(Clone, PartialEq)]
struct DailyFigure {
    value: String,
    detail: String,
    by_day: Vec<i64>,
    /// The name of the bars.
    label: String,
}

/// Errors and latency of the last 30 days, each a link to its chart.
#[component]
pub(super) fn Health(overview: ReadSignal<Overview>) -> impl IntoView {
    let errors = Memo::new(move |_| overview.with(errors));
    let latency = Memo::new(move |_| overview.with(latency));
    view! {
        <section class="card health one-third" aria-labelledby="health">
            <header><h2 id="health">"Errors and latency"</h2></header>
            <FigureLink title="Error rate, last 30 days" metric=Metric::Errors figure=errors/>
            <FigureLink title="p95 latency, last 30 days" metric=Metric::Latency figure=latency/>
        </section>
    }
}

#[component]
fn FigureLink(title: &'static str, metric: Metric, figure: Memo<DailyFigure>) -> impl IntoView {
    let query = UsageQuery { range: Range::Last30Days, metric, ..UsageQuery::default() };
    let href = UsageAddress::from(query).href(&use_organization().slug());
    let bars = move || {
        figure.with(|figure| {
            view! { <Sparkline values=figure.by_day.clone() slots=figure.by_day.len() label=figure.label.clone()/> }
        })
    };
    view! {
        <a class="health-figure" href=href>
            <span class="health-title">{title}</span>
            <strong>{move || figure.with(|figure| figure.value.clone())}</strong>
            {bars}
            <span class="health-detail">{move || figure.with(|figure| figure.detail.clone())}</span>
        </a>
    }
}

/// The share of calls that failed; bars show their numbers.
fn errors(overview: &Overview) -> DailyFigure {
    let total = &overview.recent.total;
    let by_day: Vec<i64> = bucket_sums(&overview.recent).iter().map(|day| day.errors).collect();
    let most = by_day.iter().copied().max().unwrap_or(0);
    DailyFigure {
        value: format_percent(total.errors, total.calls),
        detail: format!("{} of {} calls", format_count(total.errors), format_count(total.calls)),
        by_day,
        label: format!("Errors on each of the last 30 days, at most {}", format_count(most)),
    }
}

/// The 95th percentile of the time to the last byte, with the bounds that it lies between.
fn latency(overview: &Overview) -> DailyFigure {
    let (value, detail) = format_percentile(&overview.recent.durations.latency, Percentile::P95);
    let by_day = overview.latencies.iter().map(|day| percentile_millis(day, Percentile::P95)).collect();
    DailyFigure { value, detail, by_day, label: "p95 latency on each of the last 30 days".to_owned() }
}
