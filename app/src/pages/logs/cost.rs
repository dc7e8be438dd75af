use domain::{
    calls::{CallDetails, CountSource, Outcome},
    money::{CostLine, Factor, Money, Price, PricePart},
};
use leptos::prelude::*;

use crate::{
    components::{format_count, format_money_exact},
    lean::CollectAny,
};

/// The call's cost, line by line, exact to the nano-dollar.
#[component]
pub(super) fn CostLines(details: CallDetails) -> impl IntoView {
    let CallDetails { call, price, .. } = details;
    let cost = match (call.cost, call.outcome) {
        (_, Outcome::Refused) => "—".to_owned(),
        (Some(cost), _) => format_money_exact(cost),
        (None, _) => "Unknown".to_owned(),
    };
    let note = match (call.cost, call.outcome, price) {
        (_, Outcome::Refused, _) => Some("Rejected calls are never charged."),
        (Some(_), ..) => None,
        _ if call.known_status().is_none() => {
            Some("The server stopped while the call ran, so its cost isn't known and isn't included in spend.")
        }
        (None, _, None) if call.unpriced.is_empty() => {
            Some("This model has no price, so the call isn't included in spend.")
        }
        (None, ..) if !call.unpriced.is_empty() => {
            Some("This model has no price for what was used, so the call isn't included in spend.")
        }
        (None, ..) => Some("The provider reported no tokens, so the call isn't included in spend."),
    };
    // Lines that don't add up to the cost aren't shown.
    let lines = price
        .filter(|_| call.measured != CountSource::Unknown)
        .map(|price: Price| price.cost_lines(call.used))
        .filter(|lines| call.cost == Some(lines.iter().map(|line| line.amount).sum::<Money>()))
        .unwrap_or_default();
    let unpriced_lines = call.unpriced.iter().filter(|_| call.cost.is_some()).map(unpriced_line).collect_any();
    let cost = if call.unpriced.is_empty() || call.cost.is_none() { cost } else { format!("{cost} + unpriced") };
    view! {
        <section class="cost">
            <h3>"Cost"</h3>
            <table>
                <caption class="visually-hidden">"Cost breakdown"</caption>
                <tbody>{lines.into_iter().map(line).collect_any()} {unpriced_lines}</tbody>
                <tfoot>
                    <tr><th scope="row" colspan="2">"Total"</th><td class="numeric">{cost}</td></tr>
                </tfoot>
            </table>
            {note.map(|note| view! { <p class="faint">{note}</p> }.into_any())}
        </section>
    }
}

fn line(line: CostLine) -> impl IntoView {
    let thousandths = |quantity: i64, unit: i64| format!("{}.{:03}", quantity / unit, quantity % unit * 1000 / unit);
    let (quantity, unit) = match line.part {
        PricePart::Call => ("1 call".to_owned(), "each"),
        PricePart::Media => (format!("{} minutes", thousandths(line.quantity, 60_000)), "/ min"),
        PricePart::Storage => (format!("{} GB months", thousandths(line.quantity / 1_000_000, 730_000)), "/ GB month"),
        PricePart::Image | PricePart::Search | PricePart::ToolCall => {
            (format_quantity(line.quantity, line.part), "each")
        }
        _ => (format_quantity(line.quantity, line.part), "/ M"),
    };
    let factor = (line.factor != Factor::ONE).then(|| format!(" × {}", line.factor));
    view! {
        <tr>
            <th scope="row">{quantity}</th>
            <td class="numeric faint">{format_money_exact(line.price)} " " {unit} {factor}</td>
            <td class="numeric">{format_money_exact(line.amount)}</td>
        </tr>
    }
}

/// Formats a quantity with its unit, such as `1 image` or `120 input tokens`.
fn format_quantity(quantity: i64, part: PricePart) -> String {
    let name = match part {
        _ if quantity != 1 => unit_name(part),
        PricePart::Image => "image",
        PricePart::Search => "search",
        PricePart::ToolCall => "tool call",
        PricePart::Characters => "character",
        _ => return format!("1 {}", unit_name(part).replacen("tokens", "token", 1)),
    };
    format!("{} {name}", format_count(quantity))
}

/// The unit in which a part is counted, in the plural.
const fn unit_name(part: PricePart) -> &'static str {
    match part {
        PricePart::Input => "input tokens",
        PricePart::CachedInput => "cached input tokens",
        PricePart::CacheWrite => "tokens written to cache",
        PricePart::HourCacheWrite => "tokens written to cache for 1 hour",
        PricePart::AudioInput => "audio input tokens",
        PricePart::Output => "output tokens",
        PricePart::AudioOutput => "audio output tokens",
        PricePart::Reasoning => "reasoning tokens",
        PricePart::Call => "calls",
        PricePart::Image => "images",
        PricePart::Media => "minutes",
        PricePart::Storage => "GB months",
        PricePart::Search => "searches",
        PricePart::ToolCall => "tool calls",
        PricePart::Characters => "characters",
        PricePart::Tier => "tokens at this service tier",
    }
}

/// A line for a part that was used and has no price.
fn unpriced_line(part: PricePart) -> impl IntoView {
    view! {
        <tr>
            <th scope="row">{unit_name(part)}</th>
            <td class="numeric faint">"no price"</td>
            <td class="numeric">"Unknown"</td>
        </tr>
    }
}
