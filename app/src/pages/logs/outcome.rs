//! Short texts for a call's outcome, duration, cost and tokens.

use domain::calls::{Call, CountSource, Outcome};
use leptos::prelude::*;

use crate::components::{Badge, Tone, format_compact, format_dollars, format_duration};

/// Number of decimals of a call's cost.
pub(super) const COST_DECIMALS: u8 = 6;

const fn tone(outcome: Outcome) -> Tone {
    match outcome {
        Outcome::Succeeded => Tone::Neutral,
        Outcome::Failed => Tone::Danger,
        Outcome::Refused | Outcome::Interrupted => Tone::Warning,
    }
}

/// The status sent to the client, and the number of calls in the row if it isn't one. Calls that didn't succeed stand
/// out by their outcome's color.
#[component]
pub(crate) fn StatusBadge(status: Option<u16>, outcome: Outcome, times: u32) -> impl IntoView {
    let status = status.map_or_else(|| "—".to_owned(), |status| status.to_string());
    let times = (times > 1).then(|| format!(" ×{}", format_compact(times.into())));
    let text = view! { {status} {times} <span class="visually-hidden">{outcome.label()}</span> };
    let badge = match outcome {
        Outcome::Succeeded => view! { <span class="dim">{text}</span> }.into_any(),
        _ => view! { <Badge tone=tone(outcome)>{text}</Badge> }.into_any(),
    };
    view! { <span class="status-code" title=outcome.label()>{badge}</span> }
}

/// A call's duration, or a dash if unknown.
pub(crate) fn duration_text(call: &Call) -> String {
    call.known_duration_us().map_or_else(|| "—".to_owned(), format_duration)
}

/// A call's cost. An unknown cost isn't zero, and a rejected call has none.
pub(crate) fn cost_text(call: &Call) -> String {
    match (call.cost, call.outcome) {
        (_, Outcome::Refused) => "—".to_owned(),
        (Some(cost), _) if call.unpriced.is_empty() => format_dollars(cost, COST_DECIMALS),
        (Some(cost), _) => format!("{} +", format_dollars(cost, COST_DECIMALS)),
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
