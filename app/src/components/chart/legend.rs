use leptos::prelude::*;

use super::{data::ChartData, slots::Slot};
use crate::{components::Name, lean::CollectAny};

/// The names of the colors; each links to the page narrowed to its series, the others to the page with all of them.
#[component]
pub(super) fn Legend(data: Memo<ChartData>) -> impl IntoView {
    let entries = Memo::new(move |_| {
        data.with(|data| {
            let series = data.series.iter().map(|series| (series.label.clone(), series.href.clone()));
            data.slots().into_iter().zip(series).collect::<Vec<_>>()
        })
    });
    let entry = |(slot, (label, href)): (Slot, (String, Option<String>))| {
        let name =
            view! { <span class=format!("swatch {}", slot.class()) aria-hidden="true"></span> <Name name=label/> };
        let title = if slot == Slot::Others { "Show all" } else { "Show only this" };
        match href {
            Some(href) => view! { <li><a class="chart-legend-entry" href=href title=title>{name}</a></li> }.into_any(),
            None => view! { <li><span class="chart-legend-entry">{name}</span></li> }.into_any(),
        }
    };
    view! {
        <ul class="chart-legend" role="list" aria-label="Legend">
            {move || entries.get().into_iter().map(entry).collect_any()}
        </ul>
    }
}
