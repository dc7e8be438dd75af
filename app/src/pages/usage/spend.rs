use domain::usage::Measures;
use leptos::prelude::*;

use super::chart_data::plural;
use crate::components::{format_dollars, format_money, format_money_exact, format_percent};

/// The spend of some usage, exact on hover. One of which nothing is known isn't $0.00.
#[component]
pub(crate) fn Spend(
    measures: Measures,
    /// Rounds to the cent, for columns.
    #[prop(optional)]
    to_cents: bool,
) -> impl IntoView {
    if measures.is_spend_unknown() {
        let title = format!("{} without a price", plural(measures.unpriced, "call"));
        return view! { <span class="faint" title=title>"Unknown"</span> }.into_any();
    }
    let text = if to_cents { format_dollars(measures.spend, 2) } else { format_money(measures.spend) };
    view! { <span class="number" title=format_money_exact(measures.spend)>{text}</span> }.into_any()
}

/// Formats a spend in a sentence.
pub(super) fn format_spend(measures: &Measures) -> String {
    if measures.is_spend_unknown() { "unknown cost".to_owned() } else { format_money(measures.spend) }
}

/// Formats the share that `part` has of the spend of `total`; `—` if it is unknown.
pub(crate) fn format_spend_share(part: &Measures, total: &Measures) -> String {
    if part.is_spend_unknown() { "—".to_owned() } else { format_percent(part.spend.nanos(), total.spend.nanos()) }
}
