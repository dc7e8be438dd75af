use domain::{
    overview::{MAX_TOP_GROUPS, Overview},
    usage::{Filter, Group, GroupTotal, Measures, Metric, OTHERS, Range, UsageQuery, UsageReport},
};
use leptos::prelude::*;

use crate::{
    addresses::UsageAddress,
    components::{
        Name, bar_width,
        chart::{Slot, slots},
    },
    lean::{CollectAny, When},
    pages::usage::{Spend, format_spend_share, plural},
    state::use_organization,
};

/// The models that cost most, in the colors of the chart.
#[component]
pub(super) fn TopModels(overview: ReadSignal<Overview>) -> impl IntoView {
    let groups = Memo::new(move |_| overview.with(|overview| models(&overview.recent)));
    view! { <TopGroups title="Top models" group=Group::Model groups overview has_colors=true/> }
}

/// The keys that cost most.
#[component]
pub(super) fn TopKeys(overview: ReadSignal<Overview>) -> impl IntoView {
    let groups = Memo::new(move |_| overview.with(|overview| overview.top_keys.clone()));
    view! { <TopGroups title="Top keys" group=Group::ApiKey groups overview has_colors=false/> }
}

/// The projects that cost most.
#[component]
pub(super) fn TopProjects(overview: ReadSignal<Overview>) -> impl IntoView {
    let groups = Memo::new(move |_| overview.with(|overview| overview.top_projects.clone()));
    view! { <TopGroups title="Top projects" group=Group::Project groups overview has_colors=false/> }
}

/// Groups of the last 30 days, the most expensive first, each a link to its usage.
#[component]
fn TopGroups(
    title: &'static str,
    group: Group,
    groups: Memo<Vec<GroupTotal>>,
    overview: ReadSignal<Overview>,
    /// Whether bars have the colors that the chart gives to these groups.
    has_colors: bool,
) -> impl IntoView {
    let slug = use_organization().slug();
    let rows = move || {
        let total = overview.with(|overview| overview.recent.total);
        let groups = groups.get();
        let max = groups.first().map_or(0, |first| first.total.get(Metric::Spend));
        let colors = slots(groups.iter().map(|group| group.key.as_str()));
        let rows = groups.iter().zip(colors).map(|(row, color)| {
            let href = usage_of(&group, &row.key).map(|address| address.href(&slug));
            row_view(row, &total, max, has_colors.then_some(color), href)
        });
        rows.collect_any()
    };
    view! {
        <section class="card top-groups one-third">
            <header><h2>{title}</h2></header>
            <When
                when=move || groups.with(|groups| !groups.is_empty())
                fallback=|| view! { <p class="dim">"No calls in the last 30 days."</p> }
            >
                <ol role="list">{rows.clone()}</ol>
            </When>
        </section>
    }
}

fn row_view(row: &GroupTotal, total: &Measures, max: i64, color: Option<Slot>, href: Option<String>) -> AnyView {
    let color = color.map(Slot::class);
    let swatch = color.map(|color| view! { <span class=format!("swatch {color}") aria-hidden="true"></span> });
    let content = view! {
        <span class="top-name">{swatch} <Name name=row.label.clone()/></span>
        <Spend measures=row.total/>
        <span class=format!("top-bar {}", color.unwrap_or_default()) aria-hidden="true">
            <i style:width=bar_width(row.total.spend.nanos(), max)></i>
        </span>
        <span class="top-share">
            {plural(row.total.calls, "call")} " · " {format_spend_share(&row.total, total)}
        </span>
    };
    match href {
        Some(href) => view! { <li><a href=href>{content}</a></li> }.into_any(),
        None => view! { <li><div>{content}</div></li> }.into_any(),
    }
}

/// The models of a report that have a series of their own.
fn models(report: &UsageReport) -> Vec<GroupTotal> {
    let named = report.series.iter().filter(|series| series.key != OTHERS).take(MAX_TOP_GROUPS);
    let total = |series: &domain::usage::Series| GroupTotal {
        key: series.key.clone(),
        label: series.label.clone(),
        total: series.total,
    };
    named.map(total).collect()
}

/// The usage page of one group in the last 30 days; `None` for calls without one.
fn usage_of(group: &Group, key: &str) -> Option<UsageAddress> {
    let filter = Filter::default().narrowed(group, key)?;
    Some(UsageQuery { range: Range::Last30Days, filter, ..UsageQuery::default() }.into())
}
