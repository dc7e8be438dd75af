use domain::{calls::Call, overview::Overview};
use leptos::prelude::*;

use crate::{
    addresses::{LogsAddress, Page},
    components::{Name, Time},
    lean::{CollectAny, When},
    pages::logs::{StatusBadge, cost_text, duration_text},
    state::use_organization,
};

/// The latest calls that the member may see.
#[component]
pub(super) fn LatestCalls(overview: ReadSignal<Overview>) -> impl IntoView {
    let slug = use_organization().slug();
    let all = Page::Logs.path(&slug);
    let row = move |call: Call| {
        let href = LogsAddress { call: Some(call.id), ..LogsAddress::default() }.href(&slug);
        let (cost, duration) = (cost_text(&call), duration_text(&call));
        let key = call.api_key.as_ref().map(|key| key.name.clone()).unwrap_or_default();
        view! {
            <li>
                <a href=href>
                    <span class="latest-time"><Time at=call.started_at/></span>
                    <StatusBadge status=call.known_status() outcome=call.outcome times=call.times/>
                    <span class="latest-model"><Name name=call.model/></span>
                    <span class="latest-key faint"><Name name=key/></span>
                    <span class="latest-cost">{cost}</span>
                    <span class="latest-duration faint">{duration}</span>
                </a>
            </li>
        }
    };
    view! {
        <When when=move || overview.with(|overview| !overview.latest_calls.is_empty())>
            <section class="card latest-calls">
                <header>
                    <h2>"Latest calls"</h2>
                    <a href=all.clone()>"All calls"</a>
                </header>
                <ol role="list">{
                    let row = row.clone();
                    move || overview.with(|o| o.latest_calls.iter().cloned().map(row.clone()).collect_any())
                }</ol>
            </section>
        </When>
    }
}
