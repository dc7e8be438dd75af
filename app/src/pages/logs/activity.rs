use domain::{
    calls::{CallActivity, CallCounts},
    time::Timestamp,
};
use leptos::{ev, html, prelude::*};
use wasm_bindgen::JsCast;

use super::{
    CallsHref,
    activity_text::{describe_all, describe_bars, describe_counts, sum},
    bar_range::BarRange,
};
use crate::{
    addresses::LogsAddress,
    api,
    components::{bar_width, unique_id},
    lean::CollectAny,
    state::{load, now, use_go, use_live, use_organization, use_zone},
};

/// Calls and errors over time, under the filters of the list. A bar leads to its calls: with a mouse at once, by touch
/// from the line that shows its counts. Dragging over bars, or Shift with the arrow keys, zooms to all of them.
#[component]
pub(super) fn Activity(address: Memo<LogsAddress>, href: CallsHref) -> impl IntoView {
    let (go, organization, zone) = (use_go(), use_organization(), use_zone());
    let query = Memo::new(move |_| address.with(|address| address.activity(organization.time_zone())));
    let activity = load(move || api::calls::Activity { organization: organization.slug(), query: query.get() });
    use_live().follow(move || activity.refresh());

    // The bars that are pointed at, focused, touched or dragged over; the counts above are those of all bars without any.
    let bars = BarRange::new();
    let element = NodeRef::<html::Ol>::new();
    let range_href = move |first: usize, last: usize| {
        let (from, to) =
            activity.with(|activity| activity.map(|activity| (activity.span(first).0, activity.span(last).1)))?;
        let address = LogsAddress { range: None, from: Some(from), to: Some(to), call: None, ..address.get() };
        Some(href.run((address,)))
    };
    let count = move || activity.with(|activity| activity.map_or(0, |activity| activity.starts.len()));
    let marked = move || bars.marked(count());
    let readout = move || {
        activity.with(|activity| {
            let activity = activity.filter(|activity| !activity.starts.is_empty())?;
            let (time, counts) = match bars.marked(activity.starts.len()) {
                Some((first, last)) => {
                    (describe_bars(activity, first, last, &zone.get()), sum(&activity.counts[first..=last]))
                }
                None => (describe_all(activity, &zone.get()), sum(&activity.counts)),
            };
            let joined = activity.joins_errors.then_some(" (failed and interrupted calls together)");
            Some(format!("{time} · {}{}", describe_counts(counts), joined.unwrap_or_default()))
        })
    };
    let zoom = move || {
        let Some((first, last)) = untrack(marked) else { return };
        if let Some(href) = untrack(|| range_href(first, last)) {
            bars.clear();
            go.to(href);
        }
    };
    let list = unique_id("activity");
    let on_keydown = {
        let list = list.clone();
        move |event: ev::KeyboardEvent| {
            let count = untrack(count);
            let current = bars.end().unwrap_or(count.saturating_sub(1));
            let next = match event.key().as_str() {
                "ArrowLeft" => current.saturating_sub(1),
                "ArrowRight" => (current + 1).min(count.saturating_sub(1)),
                "Home" => 0,
                "End" => count.saturating_sub(1),
                "Enter" if bars.is_wide() => {
                    event.prevent_default();
                    return zoom();
                }
                "Escape" if bars.is_wide() => {
                    event.prevent_default();
                    return bars.mark(current);
                }
                _ => return,
            };
            event.prevent_default();
            // The focus that follows marks one bar only, unless a range has begun.
            if event.shift_key() {
                bars.begin(current);
            } else {
                bars.mark(next);
            }
            let bar = document().get_element_by_id(&format!("{list}-{next}"));
            if let Some(bar) = bar.and_then(|bar| bar.dyn_into::<web_sys::HtmlElement>().ok()) {
                let _ = bar.focus();
            }
            if event.shift_key() {
                bars.extend(next);
            }
        }
    };
    let views = {
        let list = list.clone();
        move || {
            activity.with(|activity| {
                let Some(activity) = activity else { return Vec::new() };
                let zone = zone.get();
                let most = activity.counts.iter().map(|counts| counts.total()).max().unwrap_or_default().max(1);
                let count = activity.starts.len();
                let bar = |(index, counts): (usize, &CallCounts)| {
                    bar_view(Bar {
                        id: format!("{list}-{index}"),
                        name: bar_name(activity, index, *counts, &zone),
                        index,
                        count,
                        counts: *counts,
                        most,
                        href: Box::new(move || range_href(index, index)),
                        bars,
                    })
                };
                activity.counts.iter().enumerate().map(bar).collect_any()
            })
        }
    };
    let bar_at = move |event: &ev::PointerEvent| {
        let bar = element.get_untracked()?.first_element_child()?.get_bounding_client_rect();
        bar_index(f64::from(event.client_x()) - bar.left(), bar.width(), untrack(count))
    };
    view! {
        <section class="activity card" aria-label="Calls over time">
            <p class="activity-readout">
                <span aria-live=move || bars.is_wide_now().then_some("polite")>{readout}</span>
                {move || {
                    let (first, last) = marked().filter(|_| bars.is_wide_now() || !has_mouse())?;
                    Some(view! { <a class="link" href=range_href(first, last)>"Show these calls"</a> }.into_any())
                }}
                {move || {
                    let href = zoomed_out(&address.get()).map(|address| href.run((address,)))?;
                    Some(view! { <a class="link" href=href>"Zoom out"</a> }.into_any())
                }}
            </p>
            <ol
                role="list"
                class="activity-bars"
                id=list
                node_ref=element
                on:keydown=on_keydown
                on:pointerdown=move |event| {
                    if let Some(index) = bar_at(&event).filter(|_| event.is_primary() && event.button() == 0) {
                        bars.press(index);
                    }
                }
                on:pointermove=move |event| {
                    let Some(index) = bar_at(&event) else { return };
                    // A drag goes on beside the bars, and ends with no click on one.
                    if bars.drag(index)
                        && let Some(element) = element.get_untracked()
                    {
                        let _ = element.set_pointer_capture(event.pointer_id());
                    }
                }
                on:pointerup=move |_| {
                    if bars.release() {
                        zoom();
                    }
                }
                on:pointercancel=move |_| bars.clear()
                on:pointerleave=move |_| {
                    if has_mouse() {
                        bars.clear();
                    }
                }
                on:focusout=move |_| {
                    if has_mouse() {
                        bars.blur();
                    }
                }
            >
                {views}
            </ol>
        </section>
    }
}

/// A bar of the strip.
struct Bar {
    id: String,
    name: String,
    index: usize,
    /// Number of all bars.
    count: usize,
    counts: CallCounts,
    /// The largest number of calls in a bar.
    most: i64,
    href: Box<dyn Fn() -> Option<String> + Send>,
    bars: BarRange,
}

fn bar_view(Bar { id, name, index, count, counts, most, href, bars }: Bar) -> AnyView {
    let parts = [("rejected", counts.rejected), ("errors", counts.errors), ("calls", counts.succeeded)];
    let parts = parts.into_iter().filter(|(_, count)| *count > 0).map(|(class, count)| {
        view! { <i class=class style:block-size=bar_width(count, most)></i> }
    });
    // One stop for the Tab key: the arrow keys move between bars.
    let is_stop = move || bars.end_now().map_or(count.saturating_sub(1), |end| end.min(count - 1)) == index;
    let is_marked = move || bars.marked(count).is_some_and(|(first, last)| (first..=last).contains(&index));
    view! {
        <li>
            <a
                id=id
                href=href
                draggable="false"
                tabindex=move || if is_stop() { "0" } else { "-1" }
                aria-label=name
                class:marked=is_marked
                on:focus=move |_| bars.mark_alone(index)
                on:pointerenter=move |_| bars.mark_alone(index)
                on:click=move |event| {
                    if !has_mouse() {
                        event.prevent_default();
                        bars.mark(index);
                    }
                }
            >
                {parts.collect_any()}
            </a>
        </li>
    }
    .into_any()
}

/// The name of a bar for screen readers.
fn bar_name(activity: &CallActivity, index: usize, counts: CallCounts, zone: &str) -> String {
    format!("{}: {}", describe_bars(activity, index, index, zone), describe_counts(counts))
}

/// The bar at a distance from the beginning of the first one; `None` beside them.
#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "there are at most 62 bars")]
fn bar_index(distance: f64, width: f64, count: usize) -> Option<usize> {
    let index = (distance / width).floor();
    (width > 0.0 && index >= 0.0).then_some(index as usize).filter(|index| *index < count)
}

/// The address with three times the time around what it shows, but none to come; `None` where it isn't from one moment to
/// another, or where there is no more.
fn zoomed_out(address: &LogsAddress) -> Option<LogsAddress> {
    let (from, to) = address.from.zip(address.to)?;
    let length = to.millis().saturating_sub(from.millis());
    let wider = (
        Some(from.plus_millis(-length).max(Timestamp::from_millis(0)).min(from)),
        Some(to.plus_millis(length).min(to.max(now()))),
    );
    let (from, to) = Some(wider).filter(|wider| *wider != (address.from, address.to))?;
    Some(LogsAddress { from, to, call: None, ..address.clone() })
}

/// Whether the device has a pointer that hovers, so that a bar's counts are seen before it is pressed.
fn has_mouse() -> bool {
    window().match_media("(hover: hover)").ok().flatten().is_some_and(|query| query.matches())
}
