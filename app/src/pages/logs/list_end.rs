use domain::time::Timestamp;
use leptos::prelude::*;

use super::{
    CallsHref,
    call_list::{CallList, MAX_CALLS},
};
use crate::{
    addresses::LogsAddress,
    components::{Button, TimeStyle, format_count, format_moment},
    lean::When,
    state::use_zone,
};

/// The end of the list, before which more is loaded: a button if that failed, and where the older calls are.
#[component]
pub(super) fn ListEnd(list: CallList, address: Memo<LogsAddress>, href: CallsHref) -> impl IntoView {
    let zone = use_zone();
    let complete = move || {
        view! {
            <p class="faint">{move || not_kept(list, zone).unwrap_or_else(|| "End of results.".to_owned())}</p>
        }
    };
    let incomplete = move || {
        view! {
            <When when=move || list.is_full() fallback=move || view! { <More list/> }>
                <p>{format!("The list ends after {} calls.", format_count(i64::try_from(MAX_CALLS).unwrap_or(i64::MAX)))}</p>
                // Days that the server resolves have no end that the address could move.
                <When
                    when=move || address.with(|address| address.range.is_none())
                    fallback=|| view! { <p>"Choose a shorter time range, or press a bar above, for older ones."</p> }
                >
                    <a
                        class="button"
                        href=move || {
                            let to = list.last_start().map(next_millisecond);
                            href.run((LogsAddress { to, call: None, ..address.get() },))
                        }
                    >
                        "Older calls"
                    </a>
                </When>
            </When>
        }
    };
    view! {
        <div class="more">
            <When when=move || list.has_more() fallback=complete>{incomplete()}</When>
        </div>
    }
}

/// The calls that began in a millisecond may be on both sides of the list's end, so all of them follow.
const fn next_millisecond(last: Timestamp) -> Timestamp {
    last.plus_millis(1)
}

/// The button that loads more, for where that doesn't come by itself.
#[component]
fn More(list: CallList) -> impl IntoView {
    view! {
        {move || list.error().map(|error| view! { <p class="error" role="alert">{error.to_string()}</p> }.into_any())}
        <Button pending=Signal::derive(move || list.is_loading()) on_press=move || list.load_more()>"Load more"</Button>
    }
}

/// The sentence that says from when on calls are kept, if the list would begin before.
pub(super) fn not_kept(list: CallList, zone: Memo<String>) -> Option<String> {
    let since = list.kept_since()?;
    let first_day = zone.with(|zone| format_moment(since, zone, TimeStyle::Date));
    Some(format!("Calls before {first_day} are no longer stored. Usage still counts them."))
}
