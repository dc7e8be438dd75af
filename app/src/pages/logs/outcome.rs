//! How a call ended, and what it cost, in few words.

use domain::calls::{Call, Measured, Outcome, OutcomeFilter};
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

/// The status that the client was told, in the outcome's colour, and how many calls the row stands for where that isn't one.
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

/// How long a call took, as far as that is known.
pub(crate) fn duration_text(call: &Call) -> String {
    call.known_duration_us().map_or_else(|| "—".to_owned(), format_duration)
}

/// What a call cost: an unknown cost isn't nothing, and a refused call has none.
pub(crate) fn cost_text(call: &Call) -> String {
    match (call.cost, call.outcome) {
        (Some(cost), _) if call.unpriced.is_empty() => format_money(cost),
        (Some(cost), _) => format!("{} +", format_money(cost)),
        (None, Outcome::Refused) => "—".to_owned(),
        (None, _) => "unknown".to_owned(),
    }
}

/// A count of tokens, which nobody may have told.
pub(super) fn tokens_text(call: &Call, tokens: i64) -> String {
    match (call.measured, call.outcome) {
        (Measured::Reported | Measured::Contradictory, _) => format_compact(tokens),
        (Measured::Estimated, _) => format!("≈ {}", format_compact(tokens)),
        (Measured::Unknown, Outcome::Refused) => "—".to_owned(),
        (Measured::Unknown, _) => "unknown".to_owned(),
    }
}
