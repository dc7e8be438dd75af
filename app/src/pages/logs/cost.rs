use domain::{
    calls::{CallDetails, Measured, Outcome},
    money::{CostLine, Money, Part, Price},
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
        (None, _, None) => Some("No price is known for this model, so the call isn't in any sum of money."),
        (None, ..) => Some("The provider reported no tokens, so the call isn't in any sum of money."),
    };
    // Lines that don't explain the cost would be worse than none.
    let lines = price
        .filter(|_| call.measured != Measured::Unknown)
        .map(|price: Price| price.cost_lines(call.used))
        .filter(|lines| call.cost == Some(lines.iter().map(|line| line.amount).sum::<Money>()))
        .unwrap_or_default();
    view! {
        <section class="cost">
            <h3>"Cost"</h3>
            <table>
                <caption class="visually-hidden">"What the cost is made of"</caption>
                <tbody>{lines.into_iter().map(line).collect_any()}</tbody>
                <tfoot>
                    <tr><th scope="row" colspan="2">"Charged"</th><td class="numeric">{cost}</td></tr>
                </tfoot>
            </table>
            {note.map(|note| view! { <p class="faint">{note}</p> }.into_any())}
        </section>
    }
}

fn line(line: CostLine) -> impl IntoView {
    let count = format_count(line.quantity);
    let thousandths = |quantity: i64, unit: i64| format!("{}.{:03}", quantity / unit, quantity % unit * 1000 / unit);
    let (what, unit) = match line.part {
        Part::Input => (format!("{count} tokens in"), "/ M"),
        Part::CachedInput => (format!("{count} cached tokens in"), "/ M"),
        Part::CacheWrite => (format!("{count} tokens written to the cache"), "/ M"),
        Part::Output => (format!("{count} tokens out"), "/ M"),
        Part::Call => ("1 call".to_owned(), "each"),
        Part::Image => (format!("{count} images"), "each"),
        Part::Media => (format!("{} minutes", thousandths(line.quantity, 60_000)), "/ min"),
        Part::Storage => (format!("{} GB months", thousandths(line.quantity / 1_000_000, 730_000)), "/ GB month"),
    };
    view! {
        <tr>
            <th scope="row">{what}</th>
            <td class="numeric faint">{format_money_exact(line.price)} " " {unit}</td>
            <td class="numeric">{format_money_exact(line.amount)}</td>
        </tr>
    }
}
