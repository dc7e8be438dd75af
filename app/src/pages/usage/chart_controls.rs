//! The controls in the chart's head: its metric, form, view and grouping, and a link to the calls that it counts.

use domain::usage::{ChartForm, Group, Metric, Range, UsageQuery, UsageReport, View};
use leptos::prelude::*;

use super::{
    links::{Links, view_label},
    measure::is_duration,
    tag_dialog::TagDialog,
};
use crate::{
    addresses::UsageAddress,
    components::{Icon, IconView, Menu, MenuAction, MenuLink, Segmented, SelectOption, unique_id},
    lean::{CollectAny, When},
    state::use_go,
};

/// Controls of the chart, and a link to the calls that it counts.
#[component]
pub(super) fn ChartControls(report: ReadSignal<UsageReport>, links: Memo<Links>) -> impl IntoView {
    let go = use_go();
    let metric = move || links.with(|links| links.address.query.metric);
    let calls = move || {
        links.with(|links| {
            let href = report.with(|report| links.all_calls(report))?.href(&links.organization);
            Some(view! { <a class="link" href=href>{view_label(links.address.query.metric)}</a> }.into_any())
        })
    };
    let choose_view = move |view: View| {
        go.to(links.with_untracked(|links| links.page(UsageQuery { view: Some(view), ..links.address.query.clone() })));
    };
    let choose_form = move |name: String| {
        let form = name.parse().unwrap_or_default();
        go.to(links.with_untracked(|links| UsageAddress { form, ..links.address.clone() }.href(&links.organization)));
    };
    let forms: Vec<_> = ChartForm::ALL.iter().map(|form| SelectOption::new(form.name(), form.label())).collect();
    view! {
        <div class="usage-chart-controls">
            <MetricMenu links/>
            <GroupMenu links/>
            <ViewSwitch links on_change=choose_view/>
            // Percentiles are lines in any case: they have no sum.
            <When when=move || !is_duration(metric())>
                <Segmented
                    label="Chart type"
                    value=Signal::derive(move || links.with(|links| links.address.form.to_string()))
                    on_change=choose_form
                    choices=Signal::stored(forms.clone())
                />
            </When>
            {calls}
        </div>
    }
}

/// A menu of all metrics, also of those without a tile.
#[component]
fn MetricMenu(links: Memo<Links>) -> impl IntoView {
    let metric = move || links.with(|links| links.address.query.metric);
    let choice = move |choice: Metric| {
        let href = move || links.with(|links| links.metric(choice));
        view! {
            <MenuLink href=Signal::derive(href) current=Signal::derive(move || metric() == choice)>
                {choice.label()}
            </MenuLink>
        }
    };
    view! {
        <Menu
            label=Signal::derive(move || format!("Metric: {}", metric().label()))
            class="button"
            trigger=move || view! { <span>{move || metric().label()}</span> <IconView icon=Icon::ChevronDown/> }
        >
            {Metric::ALL.into_iter().map(choice).collect_any()}
        </Menu>
    }
}

/// A menu of the dimensions by which usage is grouped.
#[component]
fn GroupMenu(links: Memo<Links>) -> impl IntoView {
    let go = use_go();
    let dialog_open = RwSignal::new(false);
    let href = move |group: &Group| {
        let group = group.clone();
        links.with(|links| {
            let query = links.address.query.clone();
            // Tags aren't known for longer.
            let is_too_long = matches!(group, Group::Tag(_)) && query.range.most_days() > Group::MAX_TAG_DAYS;
            let query = if is_too_long { UsageQuery { range: Range::Last90Days, view: None, ..query } } else { query };
            links.page(UsageQuery { group, all_groups: false, ..query })
        })
    };
    // The tags that the address names; others are typed.
    let tags = move || {
        links.with(|links| {
            let UsageQuery { filter, group, .. } = &links.address.query;
            let mut tags = filter.dimensions();
            if !tags.contains(group) {
                tags.push(group.clone());
            }
            tags.retain(|group| matches!(group, Group::Tag(_)));
            tags
        })
    };
    let choice = move |choice: Group| {
        let (linked, compared, label) = (choice.clone(), choice.clone(), group_label(&choice));
        view! {
            <MenuLink
                href=Signal::derive(move || href(&linked))
                current=Signal::derive(move || links.with(|links| links.address.query.group == compared))
            >
                {label}
            </MenuLink>
        }
    };
    let name = move || links.with(|links| group_label(&links.address.query.group));
    view! {
        <Menu
            label=Signal::derive(move || format!("Group by: {}", name()))
            class="button"
            trigger=move || view! { <span>"By " {move || name().to_ascii_lowercase()}</span> <IconView icon=Icon::ChevronDown/> }
        >
            {Group::FIXED.into_iter().map(choice).collect_any()}
            {move || tags().into_iter().map(choice).collect_any()}
            <MenuAction on_press=move || dialog_open.set(true)>"Tag…"</MenuAction>
        </Menu>
        <TagDialog open=dialog_open on_choose=move |group: Group| go.to(untrack(|| href(&group)))/>
    }
}

/// What people read of a dimension: `Model`, `Tag customer`.
pub(super) fn group_label(group: &Group) -> String {
    match group {
        Group::Tag(name) => format!("Tag {name}"),
        _ => group.label().to_owned(),
    }
}

/// Switches between the views that fit the range. Where hours don't fit, it shows the reason.
#[component]
fn ViewSwitch(links: Memo<Links>, #[prop(into)] on_change: Callback<(View,)>) -> impl IntoView {
    let reason_id = unique_id("no-hours");
    let described_by = reason_id.clone();
    let fits = move |view: View| links.with(|links| links.address.query.range.fits(view));
    // Weeks and months take the place of hours.
    let lacks_hours = Memo::new(move |_| !fits(View::Hour) && !fits(View::Week));
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
                aria-pressed=move || links.with(|links| links.address.query.view() == view).to_string()
                aria-disabled=move || is_blocked().then_some("true")
                aria-describedby=move || is_blocked().then(|| described_by.clone())
                title=move || is_blocked().then_some(NO_HOURS)
                on:click=press
            >
                {view.label()}
            </button>
        }
    };
    let is_offered = move |view: &View| fits(*view) || (*view == View::Hour && lacks_hours.get());
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
