//! The cells of a call's row, one for each column.

use domain::{
    calls::{Call, LogColumn},
    time::Timestamp,
};
use leptos::prelude::*;

use super::outcome::{StatusBadge, cost_text, duration_text, tokens_text};
use crate::components::{Name, Time, TimeStyle, format_duration, format_moment};

/// The layout of a column's cells.
#[derive(Clone, Copy)]
pub(super) struct CellLayout {
    /// Classes of the cells, of which the header is one.
    pub class: &'static str,
    /// The table's width below which the column gives way to others, unless the member chose it.
    pub room: &'static str,
}

/// The layout of the cells of a column. On phones a row is a card, in which few columns have a place.
pub(super) const fn layout(column: LogColumn) -> CellLayout {
    let (class, room) = match column {
        LogColumn::Key => ("key at-below", ""),
        LogColumn::Project => ("name-column at-hidden", ""),
        LogColumn::Model => ("model at-title", ""),
        LogColumn::Service => ("short at-hidden", ""),
        LogColumn::Endpoint => ("path at-hidden", "needs-wide"),
        LogColumn::Provider => ("short at-hidden", ""),
        LogColumn::Status => ("status at-lead", ""),
        LogColumn::Error => ("path at-hidden", ""),
        LogColumn::InputTokens | LogColumn::CachedTokens | LogColumn::OutputTokens => {
            ("tokens numeric at-hidden", "needs-medium")
        }
        LogColumn::Cost => ("amount numeric at-value", ""),
        LogColumn::Latency => ("short numeric at-below-value", ""),
        LogColumn::FirstToken => ("short numeric at-hidden", ""),
        LogColumn::Tags => ("tags at-hidden", ""),
        LogColumn::Id => ("call-id at-hidden", ""),
    };
    CellLayout { class, room }
}

/// The value of a column, as a cell shows it.
pub(super) fn value(column: LogColumn, call: &Call) -> AnyView {
    match column {
        LogColumn::Key => match &call.api_key {
            Some(key) => view! {
                <span class="call-key" title=key.masked.clone()>
                    <Name name=key.name.clone()/>
                    <span class="sub mono">{last_letters(&key.masked)}</span>
                </span>
            }
            .into_any(),
            None => unknown(),
        },
        LogColumn::Project => call.project.as_ref().map_or_else(unknown, |project| name(&project.name)),
        LogColumn::Model => name(&call.model),
        LogColumn::Service => call.service.name().into_any(),
        LogColumn::Endpoint => {
            view! { <span class="mono endpoint"><Name name=call.endpoint.clone()/></span> }.into_any()
        }
        LogColumn::Provider => name(&call.provider),
        LogColumn::Status => {
            view! { <StatusBadge status=call.known_status() outcome=call.outcome times=call.times/> }.into_any()
        }
        LogColumn::Error => name(&call.error_code),
        LogColumn::InputTokens => tokens_text(call, call.used.tokens_in).into_any(),
        LogColumn::CachedTokens => tokens_text(call, call.used.cached_tokens_in).into_any(),
        LogColumn::OutputTokens => tokens_text(call, call.used.tokens_out).into_any(),
        LogColumn::Cost => cost_text(call).into_any(),
        LogColumn::Latency => duration_text(call).into_any(),
        LogColumn::FirstToken => call.first_byte_us.map_or_else(|| "—".to_owned(), format_duration).into_any(),
        LogColumn::Tags => name(&call.tags.to_string()),
        LogColumn::Id => view! { <span class="mono"><Name name=call.id.to_string()/></span> }.into_any(),
    }
}

/// The time of a call, whose seconds are less prominent.
pub(super) fn time(at: Timestamp, zone: String) -> AnyView {
    let seconds = seconds(at, &zone);
    view! {
        <Time at zone style=TimeStyle::DayMinute/>
        <span class="seconds">{seconds}</span>
    }
    .into_any()
}

/// A name, or a dash without one.
fn name(name: &str) -> AnyView {
    if name.is_empty() {
        return view! { <span class="faint">"—"</span> }.into_any();
    }
    view! { <Name name/> }.into_any()
}

fn unknown() -> AnyView {
    view! { <span class="faint">"Unknown"</span> }.into_any()
}

/// The seconds of a time, such as `:07`.
fn seconds(at: Timestamp, zone: &str) -> String {
    let exact = format_moment(at, zone, TimeStyle::Second);
    exact.rsplit_once(':').map(|(_, seconds)| format!(":{seconds}")).unwrap_or_default()
}

/// The last characters of a masked key, such as `…k3Fa`: enough to distinguish keys of one name.
fn last_letters(masked: &str) -> String {
    masked.find('…').map_or(masked, |at| &masked[at..]).to_owned()
}
