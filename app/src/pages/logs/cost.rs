use domain::{
    calls::{CallDetails, Measured, Outcome},
    money::{CostLine, Factor, Money, Part, Price},
};
use leptos::prelude::*;

use crate::components::{CollectAny, format_count, format_money_exact};

/// What the call cost, line by line, to the nano-dollar.
#[component]
pub(super) fn CostLines(details: CallDetails) -> impl IntoView {
    let CallDetails { call, price, .. } = details;
    let cost = match (call.cost, call.outcome) {
        (Some(cost), _) => format_money_exact(cost),
        (None, Outcome::Refused) => "—".to_owned(),
        (None, _) => "unknown".to_owned(),
    };
    let note = match (call.cost, call.outcome, price) {
        (Some(_), ..) => None,
        _ if call.known_status().is_none() => Some(
            "The server stopped while the call ran: what the provider charged isn't known, and in no sum of money.",
        ),
        (None, Outcome::Refused, _) => Some("A refused call is never charged."),
        (None, _, None) if call.unpriced.is_empty() => {
            Some("No price is known for this model, so the call isn't in any sum of money.")
        }
        (None, ..) if !call.unpriced.is_empty() => {
            Some("This model has no price for what was used, so the call isn't in any sum of money.")
        }
        (None, ..) => Some("The provider reported no tokens, so the call isn't in any sum of money."),
    };
    // Lines that don't explain the cost would be worse than none.
    let lines = price
        .filter(|_| call.measured != Measured::Unknown)
        .map(|price: Price| price.cost_lines(call.used))
        .filter(|lines| call.cost == Some(lines.iter().map(|line| line.amount).sum::<Money>()))
        .unwrap_or_default();
    let unknown = call.unpriced.iter().filter(|_| call.cost.is_some()).map(unknown).collect_any();
    let cost = if call.unpriced.is_empty() || call.cost.is_none() { cost } else { format!("{cost} and more") };
    view! {
        <section class="cost">
            <h3>"Cost"</h3>
            <table>
                <caption class="visually-hidden">"What the cost is made of"</caption>
                <tbody>{lines.into_iter().map(line).collect_any()} {unknown}</tbody>
                <tfoot>
                    <tr><th scope="row" colspan="2">"Charged"</th><td class="numeric">{cost}</td></tr>
                </tfoot>
            </table>
            {note.map(|note| view! { <p class="faint">{note}</p> }.into_any())}
        </section>
    }
}

fn line(line: CostLine) -> impl IntoView {
    let thousandths = |quantity: i64, unit: i64| format!("{}.{:03}", quantity / unit, quantity % unit * 1000 / unit);
    let (what, unit) = match line.part {
        Part::Call => ("1 call".to_owned(), "each"),
        Part::Media => (format!("{} minutes", thousandths(line.quantity, 60_000)), "/ min"),
        Part::Storage => (format!("{} GB months", thousandths(line.quantity / 1_000_000, 730_000)), "/ GB month"),
        Part::Image | Part::Search | Part::ToolCall => (counted(line.quantity, line.part), "each"),
        _ => (counted(line.quantity, line.part), "/ M"),
    };
    let factor = (line.factor != Factor::ONE).then(|| format!(" × {}", line.factor));
    view! {
        <tr>
            <th scope="row">{what}</th>
            <td class="numeric faint">{format_money_exact(line.price)} " " {unit} {factor}</td>
            <td class="numeric">{format_money_exact(line.amount)}</td>
        </tr>
    }
}

/// So many of what is charged for.
fn counted(quantity: i64, part: Part) -> String {
    let name = match part {
        _ if quantity != 1 => what(part),
        Part::Image => "image",
        Part::Search => "search",
        Part::ToolCall => "tool call",
        Part::Characters => "character",
        _ => return format!("1 {}", what(part).replacen("tokens", "token", 1)),
    };
    format!("{} {name}", format_count(quantity))
}

/// Of which so many were used.
const fn what(part: Part) -> &'static str {
    match part {
        Part::Input => "tokens in",
        Part::CachedInput => "cached tokens in",
        Part::CacheWrite => "tokens written to the cache",
        Part::HourCacheWrite => "tokens written to the cache for an hour",
        Part::AudioInput => "audio tokens in",
        Part::Output => "tokens out",
        Part::AudioOutput => "audio tokens out",
        Part::Reasoning => "reasoning tokens out",
        Part::Call => "calls",
        Part::Image => "images",
        Part::Media => "minutes",
        Part::Storage => "GB months",
        Part::Search => "searches",
        Part::ToolCall => "tool calls",
        Part::Characters => "characters",
        Part::Tier => "tokens at this service tier",
    }
}

/// What was used and has no price.
fn unknown(part: Part) -> impl IntoView {
    view! {
        <tr>
            <th scope="row">{what(part)}</th>
            <td class="numeric faint">"no price is known"</td>
            <td class="numeric">"unknown"</td>
        </tr>
    }
}
