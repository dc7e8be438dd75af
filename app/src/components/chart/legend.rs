use leptos::prelude::*;

use super::{
    data::{ChartData, ChartSeries},
    slots::Slot,
};
use crate::{components::Name, lean::CollectAny};

/// What the legend shows of a series.
#[derive(Clone, PartialEq)]
struct LegendEntry {
    slot: Slot,
    key: String,
    label: String,
    href: Option<String>,
}

/// The names of the colors; each links to the page narrowed to its series, the others to the page with all of them. The color
/// beside a name hides its series, unless there is only one.
#[component]
pub(super) fn Legend(data: Memo<ChartData>, hidden: RwSignal<Vec<String>>) -> impl IntoView {
    let entries = Memo::new(move |_| {
        data.with(|data| {
            let entry = |(slot, series): (Slot, &ChartSeries)| LegendEntry {
                slot,
                key: series.key.clone(),
                label: series.label.clone(),
                href: series.href.clone(),
            };
            data.slots().into_iter().zip(&data.series).map(entry).collect::<Vec<_>>()
        })
    });
    let compared = Memo::new(move |_| data.with(|data| data.compared_line().map(|line| line.label.clone())));
    let entry = move |LegendEntry { slot, key, label, href }: LegendEntry| {
        let swatch = view! { <span class=format!("swatch {}", slot.class()) aria-hidden="true"></span> };
        let toggle = if entries.with_untracked(Vec::len) > 1 {
            hiding_button(hidden, key, &label, swatch.into_any())
        } else {
            swatch.into_any()
        };
        let title = if slot == Slot::Others { "Show all" } else { "Show only this" };
        let name = match href {
            Some(href) => {
                view! { <a class="chart-legend-entry" href=href title=title><Name name=label/></a> }.into_any()
            }
            None => view! { <span class="chart-legend-entry"><Name name=label/></span> }.into_any(),
        };
        view! { <li>{toggle} {name}</li> }
    };
    let compared_entry = move || {
        let label = compared.get()?;
        Some(
            view! {
                <li>
                    <span class="swatch compared" aria-hidden="true"></span>
                    <span class="chart-legend-entry">{label}</span>
                </li>
            }
            .into_any(),
        )
    };
    view! {
        <ul class="chart-legend" role="list" aria-label="Legend">
            {move || entries.get().into_iter().map(entry).collect_any()}
            {compared_entry}
        </ul>
    }
}

/// A button that hides a series, or shows it again.
fn hiding_button(hidden: RwSignal<Vec<String>>, key: String, label: &str, swatch: AnyView) -> AnyView {
    let name = format!("Show {label}");
    let compared = key.clone();
    let is_shown = move || hidden.with(|hidden| !hidden.contains(&compared));
    let title = {
        let is_shown = is_shown.clone();
        move || if is_shown() { "Hide" } else { "Show" }
    };
    let toggle = move |_| {
        hidden.update(|hidden| match hidden.iter().position(|other| *other == key) {
            Some(index) => drop(hidden.remove(index)),
            None => hidden.push(key.clone()),
        });
    };
    view! {
        <button
            type="button"
            class="chart-legend-toggle"
            aria-label=name
            aria-pressed=move || is_shown().to_string()
            title=title
            on:click=toggle
        >
            {swatch}
        </button>
    }
    .into_any()
}
