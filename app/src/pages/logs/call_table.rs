use domain::calls::Call;
use leptos::prelude::*;

use super::{
    CallsHref,
    call_list::CallList,
    outcome::{StatusBadge, cost_text, duration_text, tokens_text},
};
use crate::{
    addresses::LogsAddress,
    components::{CardPosition, Column, DataTable, Name, Room, Time, TimeStyle},
};

/// Beginning of the ids of links that open calls.
pub(super) const LINK_ID_PREFIX: &str = "open-";

/// Id of the link that opens a call; the focus returns to it.
pub(super) fn link_id(call: &Call) -> String {
    format!("{LINK_ID_PREFIX}{}", call.id)
}

#[component]
pub(super) fn CallTable(
    list: CallList,
    address: Memo<LogsAddress>,
    zone: Memo<String>,
    href: CallsHref,
) -> impl IntoView {
    let href = move |call: &Call| href.run((LogsAddress { call: Some(call.id), ..address.get_untracked() },));
    let columns = vec![
        Column::new("Time", move |call: &Call| {
            let (id, at) = (link_id(call), call.started_at);
            // The other filters may change while the row stays.
            let call = call.clone();
            let link = move || {
                address.track();
                href(&call)
            };
            view! {
                <a class="call-time" id=id href=link>
                    {move || view! { <Time at zone=zone.get() style=TimeStyle::DayMinute/> }}
                    <span class="seconds">{move || seconds(at, &zone.get())}</span>
                </a>
            }
        })
        .at(CardPosition::BelowAside),
        Column::new("Key", |call: &Call| match &call.api_key {
            Some(key) => view! {
                <span class="call-key" title=key.masked.clone()>
                    <Name name=key.name.clone()/>
                    <span class="sub mono">{last_letters(&key.masked)}</span>
                </span>
            }
            .into_any(),
            None => view! { <span class="faint">"Unknown"</span> }.into_any(),
        })
        .at(CardPosition::Below),
        Column::new("Model", |call: &Call| match call.model.as_str() {
            "" => view! { <span class="faint">"—"</span> }.into_any(),
            model => view! { <Name name=model/> }.into_any(),
        })
        .at(CardPosition::Title),
        Column::new("Endpoint", |call: &Call| {
            view! { <span class="mono endpoint"><Name name=call.endpoint.clone()/></span> }
        })
        .at(CardPosition::Hidden)
        .needs(Room::Wide),
        Column::new(
            "Status",
            |call: &Call| view! { <StatusBadge status=call.known_status() outcome=call.outcome times=call.times/> },
        )
        .at(CardPosition::Lead),
        Column::new("Input tokens", |call: &Call| tokens_text(call, call.used.tokens_in))
            .numeric()
            .at(CardPosition::Hidden)
            .needs(Room::Medium),
        Column::new("Output tokens", |call: &Call| tokens_text(call, call.used.tokens_out))
            .numeric()
            .at(CardPosition::Hidden)
            .needs(Room::Medium),
        Column::new("Cost", cost_text).numeric().at(CardPosition::Value),
        Column::new("Latency", duration_text).numeric().at(CardPosition::BelowValue),
    ];
    let is_open = Callback::new(move |(call,): (Call,)| address.with(|address| address.call == Some(call.id)));
    let row_href = Callback::new(move |(call,): (Call,)| href(&call));
    view! { <DataTable caption="Calls, newest first" columns rows=move || list.calls().get() row_href is_open/> }
}

/// The seconds of a time, such as `:07`; shown less prominently.
fn seconds(at: domain::time::Timestamp, zone: &str) -> String {
    let exact = crate::components::format_moment(at, zone, TimeStyle::Second);
    exact.rsplit_once(':').map(|(_, seconds)| format!(":{seconds}")).unwrap_or_default()
}

/// The last characters of a masked key, such as `…k3Fa`: enough to distinguish keys of one name.
fn last_letters(masked: &str) -> String {
    masked.find('…').map_or(masked, |at| &masked[at..]).to_owned()
}
