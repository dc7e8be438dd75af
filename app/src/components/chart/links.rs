use leptos::{ev, prelude::*, reactive::computed::Selector};
use wasm_bindgen::JsCast;
use web_sys::HtmlElement;

use super::{
    backend::Px,
    data::ChartData,
    geometry::Rect,
    pointer::{Reading, Tap},
    scene::Scene,
    selection::BarSelection,
};
use crate::{lean::CollectAny, state::use_go};

/// The links over the bars, one for each bucket over the plot's full height. They work by click, middle
/// click, Enter and touch. Only one takes part in the order of the Tab key; arrows move between them.
#[component]
pub(super) fn Links(
    data: Memo<ChartData>,
    scene: Memo<Scene>,
    reading: Reading,
    selection: BarSelection,
) -> impl IntoView {
    let go = use_go();
    let count = move || data.with_untracked(|data| data.buckets.len());
    let hrefs = Memo::new(move |_| data.with(|data| data.buckets.iter().map(|b| b.href.clone()).collect::<Vec<_>>()));
    // The link that Tab focuses: the one focused last, or the latest bucket with values.
    let last_focused = RwSignal::new(None::<usize>);
    let latest = Memo::new(move |_| {
        data.with(|data| {
            let last = data.buckets.len().saturating_sub(1);
            (0..data.buckets.len()).rev().find(|&bucket| data.total(bucket) > 0).unwrap_or(last)
        })
    });
    let entry = Selector::new(move || {
        last_focused.get().filter(|bucket| *bucket < hrefs.with(Vec::len)).unwrap_or(latest.get())
    });

    let link = move |(bucket, href): (usize, Option<String>)| {
        let entry = entry.clone();
        let tab_index = move || if entry.selected(&bucket) { "0" } else { "-1" };
        let label = move || data.with(|data| data.describe(bucket));
        // A bar without calls links nowhere, but is still read out.
        let disabled = href.is_none().then_some("true");
        view! {
            <a
                class="chart-link"
                role="link"
                data-bucket=bucket.to_string()
                href=href
                tabindex=tab_index
                aria-label=label
                aria-disabled=disabled
                draggable="false"
            ></a>
        }
    };
    let on_focus = move |event: ev::FocusEvent| {
        let bucket = bucket_of(event.target());
        last_focused.set(bucket);
        // A press focuses the link under it, which may not be that of the nearest bar.
        if is_focus_visible(event.target()) {
            reading.show(bucket);
        }
    };
    let on_key = move |event: ev::KeyboardEvent| {
        let Some(bucket) = bucket_of(event.target()) else { return };
        let last = count().saturating_sub(1);
        let next = match event.key().as_str() {
            "ArrowRight" | "ArrowUp" => (bucket + 1).min(last),
            "ArrowLeft" | "ArrowDown" => bucket.saturating_sub(1),
            "Home" => 0,
            "End" => last,
            "Escape" => {
                selection.clear();
                return reading.close();
            }
            "Enter" if selection.zoom() => return event.prevent_default(),
            _ => return,
        };
        event.prevent_default();
        if event.shift_key() && selection.is_enabled() {
            selection.extend(bucket, next);
        } else {
            selection.clear();
        }
        focus(reading, next);
    };
    let on_click = move |event: ev::MouseEvent| {
        if selection.take_drag() {
            return event.prevent_default();
        }
        let Some(tap) = reading.take_tap(&event) else { return };
        event.prevent_default();
        let href =
            untrack(|| reading.bucket()).and_then(|bucket| hrefs.with_untracked(|hrefs| hrefs.get(bucket)?.clone()));
        if let Some(href) = href.filter(|_| tap == Tap::Open) {
            go.to(href);
        }
    };
    let name = if selection.is_enabled() { ZOOMABLE } else { "Bars: arrow keys move, Enter opens" };
    let pixels = move |edge: fn(Rect) -> i32| move || scene.with(|scene| format!("{}px", Px(edge(scene.plot))));
    view! {
        <div
            class="chart-links"
            role="group"
            aria-label=name
            node_ref=reading.links()
            style:left=pixels(|plot| plot.left)
            style:top=pixels(|plot| plot.top)
            style:width=pixels(Rect::width)
            style:height=pixels(Rect::height)
            on:pointerdown=move |event| {
                reading.press(&event);
                selection.press(&event, reading.bucket_at(event.client_x()));
            }
            on:pointermove=move |event| {
                reading.follow(&event);
                selection.drag(&event, reading.bucket_at(event.client_x()));
            }
            on:pointerup=move |event| {
                reading.lift(&event);
                selection.lift();
            }
            on:pointercancel=move |_| {
                reading.cancel();
                selection.cancel();
            }
            on:pointerleave=move |event| reading.handle_pointer_leave(&event)
            on:focusin=on_focus
            on:focusout=move |event| {
                reading.leave();
                // Beyond the bars, Enter doesn't zoom.
                if bucket_of(event.related_target()).is_none() {
                    selection.clear();
                }
            }
            on:keydown=on_key
            on:click=on_click
        >
            {move || hrefs.get().into_iter().enumerate().map(link.clone()).collect_any()}
        </div>
    }
}

/// The name of bars that can be selected.
const ZOOMABLE: &str = "Bars: arrow keys move, Enter opens. With Shift, arrow keys select, and Enter zooms in";

fn bucket_of(target: Option<web_sys::EventTarget>) -> Option<usize> {
    target?.dyn_into::<HtmlElement>().ok()?.get_attribute("data-bucket")?.parse().ok()
}

/// Whether the focus came by the keyboard.
fn is_focus_visible(target: Option<web_sys::EventTarget>) -> bool {
    let element = target.and_then(|target| target.dyn_into::<HtmlElement>().ok());
    element.is_some_and(|element| element.matches(":focus-visible").unwrap_or(false))
}

fn focus(reading: Reading, bucket: usize) {
    let link = reading
        .links()
        .get_untracked()
        .and_then(|links| links.query_selector(&format!("[data-bucket=\"{bucket}\"]")).ok().flatten())
        .and_then(|link| link.dyn_into::<HtmlElement>().ok());
    if let Some(link) = link {
        // A browser may refuse; there is no other way to focus the link.
        let _ = link.focus();
    }
}
