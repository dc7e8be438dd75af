use leptos::prelude::*;

use super::{
    backend::Px,
    data::{Bucket, ChartData, ChartSeries},
    geometry::Rect,
    pointer::Reading,
    scene::Scene,
};
use crate::{
    components::Name,
    lean::{CollectAny, When},
};

/// Gap between a bar and its tooltip, in dots.
const GAP: i32 = 80;

/// Values of the bucket being read: each series with its share, and the sum.
#[component]
pub(super) fn Tooltip(data: Memo<ChartData>, scene: Memo<Scene>, reading: Reading) -> impl IntoView {
    let bucket = move || reading.bucket().filter(|bucket| data.with(|data| *bucket < data.buckets.len()));
    // Beside the bar, on the side where there is more room.
    let column = move || scene.with(|scene| scene.columns.get(bucket()?).map(|column| (*column, scene.width)));
    let right_of_bar = move || column().is_none_or(|(column, width)| column.left + column.right < width);
    let left = move || match column() {
        Some((column, _)) if right_of_bar() => format!("{}px", Px(column.right + GAP)),
        _ => "auto".to_owned(),
    };
    let right = move || match column() {
        Some((column, width)) if !right_of_bar() => format!("{}px", Px(width - column.left + GAP)),
        _ => "auto".to_owned(),
    };
    let band = move |edge: fn(Rect) -> i32| {
        move || column().map(|(column, _)| format!("{}px", Px(edge(column)))).unwrap_or_default()
    };
    view! {
        <When when=move || bucket().is_some()>
            <div
                class="chart-band"
                aria-hidden="true"
                style:left=band(|column| column.left)
                style:top=band(|column| column.top)
                style:width=band(Rect::width)
                style:height=band(Rect::height)
            ></div>
            <div
                class="chart-tip"
                class:pinned=move || reading.is_pinned()
                class:right-of-bar=right_of_bar
                style:left=left
                style:right=right
                // A press on it is no tap on the bars, of which a slide without a click may be remembered.
                on:pointerdown=move |_| reading.forget_finger()
                on:click=move |event| {
                    // The tap that has shown it ends on it, where a bar is wide.
                    if reading.take_tap(&event).is_some() {
                        event.prevent_default();
                    }
                }
            >
                {move || bucket().map(|bucket| data.with(|data| bucket_values(data, bucket)))}
            </div>
        </When>
    }
}

fn bucket_values(data: &ChartData, bucket: usize) -> impl IntoView + use<> {
    let total = data.total(bucket);
    let unit = data.unit;
    let slots = data.slots();
    let row = |(series, value): (usize, i64)| {
        let ChartSeries { label, ranges, .. } = &data.series[series];
        let note = match ranges.get(bucket) {
            Some(range) => range.clone(),
            None => format_share(value.into(), total),
        };
        view! {
            <li>
                <span class=format!("swatch {}", slots[series].class())></span>
                <span class="chart-tip-name"><Name name=label.clone()/></span>
                <span class="chart-tip-value">{unit.format_part(value.into(), total)}</span>
                <span class="chart-tip-share">{note}</span>
            </li>
        }
    };
    let parts = data.largest_first(bucket);
    let rows = (!parts.is_empty())
        .then(|| view! { <ul role="list">{parts.into_iter().map(row).collect_any()}</ul> }.into_any());
    let Bucket { title, detail, href, action, other_link, .. } = data.buckets[bucket].clone();
    // A mouse clicks on the bar instead; only a finger reaches the links.
    let links = href.map(|href| (action, href)).into_iter().chain(other_link);
    let links = links
        .map(|(action, href)| view! { <a class="chart-tip-action" href=href tabindex="-1">{action}</a> })
        .collect_any();
    let compared = data.compared_at(bucket).map(|(label, value, difference)| {
        view! {
            <p class="chart-tip-compared">
                <span class="swatch compared"></span>
                <span>{label}</span>
                <span class="chart-tip-value">{value}</span>
                <span class="chart-tip-share">{difference}</span>
            </p>
        }
        .into_any()
    });
    view! {
        <div class="chart-tip-head"><span>{title}</span><strong>{data.format_total(bucket)}</strong></div>
        {rows}
        {compared}
        {(data.running == Some(bucket)).then(|| view! { <p class="chart-tip-note">"In progress"</p> }.into_any())}
        <div class="chart-tip-foot"><span>{detail}</span>{links}</div>
    }
}

/// Formats a share in whole percent, with `<1%` and `>99%` for shares that would round to 0 or 100%.
fn format_share(value: i128, total: i128) -> String {
    match total {
        ..=0 => String::new(),
        _ if value == total => "100%".to_owned(),
        _ => match (value.saturating_mul(100) + total / 2) / total {
            0 => "<1%".to_owned(),
            100.. => ">99%".to_owned(),
            percent => format!("{percent}%"),
        },
    }
}
