use domain::calls::{CallActivity, CallCounts};
use leptos::{ev, prelude::*};
use wasm_bindgen::JsCast;

use super::CallsHref;
use crate::{
    addresses::LogsAddress,
    api,
    components::{TimeStyle, bar_width, format_count, format_moment, unique_id, zone_name},
    lean::CollectAny,
    pages::usage::plural,
    state::{load, use_live, use_organization, use_zone},
};

/// Calls and errors over time, under the filters of the list. A bar leads to its calls: with a mouse at once, by touch
/// from the line that shows its counts.
#[component]
pub(super) fn Activity(address: Memo<LogsAddress>, href: CallsHref) -> impl IntoView {
    let (organization, zone) = (use_organization(), use_zone());
    let query = Memo::new(move |_| address.with(|address| address.activity(organization.time_zone())));
    let activity = load(move || api::calls::Activity { organization: organization.slug(), query: query.get() });
    use_live().follow(move || activity.refresh());

    // The bar that is pointed at, focused or touched; the counts above are those of all bars without one.
    let marked = RwSignal::new(None::<usize>);
    let bar_href = move |index: usize| {
        let (from, to) = activity.with(|activity| activity.map(|activity| activity.span(index)))?;
        let address = LogsAddress { range: None, from: Some(from), to: Some(to), call: None, ..address.get() };
        Some(href.run((address,)))
    };
    let readout = move || {
        activity.with(|activity| {
            let activity = activity.filter(|activity| !activity.starts.is_empty())?;
            let marked = marked.get().filter(|index| *index < activity.starts.len());
            let (time, counts) = match marked {
                Some(index) => (describe_bar(activity, index, &zone.get()), activity.counts[index]),
                None => (describe_all(activity, &zone.get()), sum(&activity.counts)),
            };
            let joined = activity.joins_errors.then_some(" (failed and interrupted calls together)");
            Some(format!("{time} · {}{}", describe_counts(counts), joined.unwrap_or_default()))
        })
    };
    let list = unique_id("activity");
    let on_keydown = {
        let list = list.clone();
        move |event: ev::KeyboardEvent| {
            let count = untrack(|| activity.with(|activity| activity.map_or(0, |activity| activity.starts.len())));
            let current = marked.get_untracked().unwrap_or(count.saturating_sub(1));
            let next = match event.key().as_str() {
                "ArrowLeft" => current.saturating_sub(1),
                "ArrowRight" => (current + 1).min(count.saturating_sub(1)),
                "Home" => 0,
                "End" => count.saturating_sub(1),
                _ => return,
            };
            event.prevent_default();
            let bar = document().get_element_by_id(&format!("{list}-{next}"));
            if let Some(bar) = bar.and_then(|bar| bar.dyn_into::<web_sys::HtmlElement>().ok()) {
                let _ = bar.focus();
            }
        }
    };
    let bars = {
        let list = list.clone();
        move || {
            activity.with(|activity| {
                let Some(activity) = activity else { return Vec::new() };
                let zone = zone.get();
                let most = activity.counts.iter().map(|counts| counts.total()).max().unwrap_or_default().max(1);
                let last = activity.starts.len().saturating_sub(1);
                let bar = |(index, counts): (usize, &CallCounts)| {
                    let name = format!("{}: {}", describe_bar(activity, index, &zone), describe_counts(*counts));
                    let parts = [("rejected", counts.rejected), ("errors", counts.errors), ("calls", counts.succeeded)];
                    let parts = parts.into_iter().filter(|(_, count)| *count > 0).map(|(class, count)| {
                        view! { <i class=class style:block-size=bar_width(count, most)></i> }
                    });
                    // One stop for the Tab key: the arrow keys move between bars.
                    let is_stop = move || marked.get().map_or(last, |marked| marked.min(last)) == index;
                    view! {
                        <li>
                            <a
                                id=format!("{list}-{index}")
                                href=move || bar_href(index)
                                tabindex=move || if is_stop() { "0" } else { "-1" }
                                aria-label=name
                                class:marked=move || marked.get() == Some(index)
                                on:focus=move |_| marked.set(Some(index))
                                on:pointerenter=move |_| marked.set(Some(index))
                                on:click=move |event| {
                                    if !has_mouse() {
                                        event.prevent_default();
                                        marked.set(Some(index));
                                    }
                                }
                            >
                                {parts.collect_any()}
                            </a>
                        </li>
                    }
                };
                activity.counts.iter().enumerate().map(bar).collect_any()
            })
        }
    };
    view! {
        <section class="activity card" aria-label="Calls over time">
            <p class="activity-readout">
                <span>{readout}</span>
                {move || {
                    let index = marked.get().filter(|_| !has_mouse())?;
                    Some(view! { <a class="link" href=bar_href(index)>"Show these calls"</a> }.into_any())
                }}
            </p>
            <ol
                role="list"
                class="activity-bars"
                id=list
                on:keydown=on_keydown
                on:pointerleave=move |_| {
                    if has_mouse() {
                        marked.set(None);
                    }
                }
                on:focusout=move |_| {
                    if has_mouse() {
                        marked.set(None);
                    }
                }
            >
                {bars}
            </ol>
        </section>
    }
}

/// Whether the device has a pointer that hovers, so that a bar's counts are seen before it is pressed.
fn has_mouse() -> bool {
    window().match_media("(hover: hover)").ok().flatten().is_some_and(|query| query.matches())
}

fn sum(counts: &[CallCounts]) -> CallCounts {
    counts.iter().fold(CallCounts::default(), |sum, counts| CallCounts {
        succeeded: sum.succeeded + counts.succeeded,
        errors: sum.errors + counts.errors,
        rejected: sum.rejected + counts.rejected,
    })
}

/// The counts as text, such as `1,204 calls · 12 errors · 3 rejected`. Rejected calls aren't among the calls, as in
/// usage.
fn describe_counts(counts: CallCounts) -> String {
    let calls = plural(counts.succeeded + counts.errors, "call");
    let errors = (counts.errors > 0).then(|| format!(" · {}", plural(counts.errors, "error")));
    let rejected = (counts.rejected > 0).then(|| format!(" · {} rejected", format_count(counts.rejected)));
    format!("{calls}{}{}", errors.unwrap_or_default(), rejected.unwrap_or_default())
}

/// The time of one bar: `Tue 17 Nov, 14:00 – 15:00`, or its days.
fn describe_bar(activity: &CallActivity, index: usize, zone: &str) -> String {
    let (from, to) = activity.span(index);
    let in_style = |moment, style| format_moment(moment, zone, style);
    let last = to.plus_millis(-1);
    let (first_day, last_day) = (in_style(from, TimeStyle::Weekday), in_style(last, TimeStyle::Weekday));
    let midnight = |moment| in_style(moment, TimeStyle::Second) == "00:00:00";
    if midnight(from) && midnight(to) {
        return if first_day == last_day { first_day } else { format!("{first_day} – {last_day}") };
    }
    let style = if (to.millis() - from.millis()) % 60_000 == 0 { TimeStyle::Minute } else { TimeStyle::Second };
    format!("{first_day}, {} – {}", in_style(from, style), in_style(to, style))
}

/// The time of all bars, with the zone.
fn describe_all(activity: &CallActivity, zone: &str) -> String {
    let Some(first) = activity.starts.first() else { return String::new() };
    let in_style = |moment, style| format_moment(moment, zone, style);
    let last = activity.end.plus_millis(-1);
    let (from, to) = (in_style(*first, TimeStyle::Day), in_style(last, TimeStyle::Day));
    let days = if from == to {
        format!("{from}, {} – {}", in_style(*first, TimeStyle::Minute), in_style(activity.end, TimeStyle::Minute))
    } else {
        format!("{from} – {to}")
    };
    format!("{days}, {}", zone_name(zone))
}
