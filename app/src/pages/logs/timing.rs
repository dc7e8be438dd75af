use leptos::prelude::*;

use crate::{
    components::{bar_width, format_duration},
    lean::CollectAny,
};

/// The call's duration: until the first byte, and from there to the last.
#[component]
pub(super) fn Timing(
    /// Microseconds until the last byte.
    total: i64,
    /// Microseconds until the first byte, if known.
    first: Option<i64>,
) -> impl IntoView {
    let total = total.max(0);
    let first = first.map(|first| first.clamp(0, total));
    let parts = match first {
        Some(first) => vec![("Time to first byte", "wait", first), ("Streaming", "transfer", total - first)],
        None => vec![("Total", "wait", total)],
    };
    let bar = parts.iter().map(|(_, class, micros)| {
        view! { <i class=*class style:width=bar_width(*micros, total)></i> }
    });
    let bar = bar.collect_any();
    let legend = parts.iter().map(|(label, class, micros)| {
        view! { <li><i class=*class aria-hidden="true"></i>{*label} " " <b>{format_duration(*micros)}</b></li> }
    });
    view! {
        <section class="timing">
            <h3>"Timing" <span>{format_duration(total)}</span></h3>
            <div class="timing-bar" aria-hidden="true">{bar}</div>
            <ul role="list">{legend.collect_any()}</ul>
        </section>
    }
}
