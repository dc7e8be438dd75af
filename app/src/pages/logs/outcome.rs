//! Short texts for a call's outcome, duration, cost and tokens.

use domain::calls::{Call, CountSource, Outcome, OutcomeFilter};
use leptos::prelude::*;

use crate::components::{Badge, Tone, format_compact, format_duration, format_money};

pub(super) const fn tone(outcome: Outcome) -> Tone {
    match outcome {
        Outcome::Succeeded => Tone::Good,
        Outcome::Failed => Tone::Danger,
        Outcome::Refused | Outcome::Interrupted => Tone::Warning,
    }
}

pub(super) const fn label(outcome: Outcome) -> &'static str {
    match outcome {
        Outcome::Succeeded => "Succeeded",
        Outcome::Failed => "Failed",
        Outcome::Refused => "Refused",
        Outcome::Interrupted => "Interrupted",
    }
}

pub(super) const fn filter_label(filter: OutcomeFilter) -> &'static str {
    match filter {
        OutcomeFilter::Errors => "Failed or interrupted",
        OutcomeFilter::Only(outcome) => label(outcome),
    }
}

/// The status sent to the client, in the outcome's color, and the number of calls in the row if it isn't one.
#[component]
pub(crate) fn StatusBadge(status: Option<u16>, outcome: Outcome, times: u32) -> impl IntoView {
    let status = status.map_or_else(|| "—".to_owned(), |status| status.to_string());
    let times = (times > 1).then(|| format!(" ×{}", format_compact(times.into())));
    view! {
        <span title=label(outcome)>
            <Badge tone=tone(outcome)>
                {status} {times} <span class="visually-hidden">{label(outcome)}</span>
            </Badge>
        </span>
    }
}

/// A call's duration, or a dash if unknown.
pub(crate) fn duration_text(call: &Call) -> String {
    call.known_duration_us().map_or_else(|| "—".to_owned(), format_duration)
}

/// A call's cost. An unknown cost isn't zero, and a rejected call has none.
pub(crate) fn cost_text(call: &Call) -> String {
    match (call.cost, call.outcome) {
        (Some(cost), _) if call.unpriced.is_empty() => format_money(cost),
        (Some(cost), _) => format!("{} +", format_money(cost)),
        (None, Outcome::Refused) => "—".to_owned(),
        (None, _) => "unknown".to_owned(),
    }
}

/// A count of tokens, marked if it is estimated or unknown.
pub(super) fn tokens_text(call: &Call, tokens: i64) -> String {
    match (call.measured, call.outcome) {
        (CountSource::Reported | CountSource::Contradictory, _) => format_compact(tokens),
        (CountSource::Estimated, _) => format!("≈ {}", format_compact(tokens)),
        (CountSource::Unknown, Outcome::Refused) => "—".to_owned(),
        (CountSource::Unknown, _) => "unknown".to_owned(),
    }
}
