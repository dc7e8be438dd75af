//! The content of the panel of one call, whose code is loaded with the first that is opened.

use domain::calls::{CallDetails, Outcome};
use leptos::prelude::*;

use super::{
    attempts::Attempts, bodies::CallBodiesSection, call_link::CallPageLink, cost::CostLines, facts::Facts,
    open_call::PanelCall, rejection::RejectionSection, summary::Summary, timing::Timing,
};
use crate::components::{AsyncView, Skeleton};

/// What is known of the [`PanelCall`] in the context.
#[component]
pub fn CallContent() -> impl IntoView {
    let PanelCall { details, zone } = expect_context();
    let skeleton = || view! { <Skeleton lines=10/> };
    view! {
        <AsyncView answer=details skeleton let:details>
            <Details details zone/>
        </AsyncView>
    }
}

/// A call: what matters, then why it was rejected or what was said in it, then its details.
#[component]
fn Details(details: ReadSignal<CallDetails>, zone: Memo<String>) -> impl IntoView {
    let beginning = move || {
        let details = details.get();
        let rejected = (details.call.outcome == Outcome::Refused)
            .then(|| view! { <RejectionSection details=details.clone()/> }.into_any());
        view! {
            <Summary details zone=zone.get()/>
            {rejected}
        }
    };
    let end = move || {
        let details = details.get();
        let timing = details.call.known_duration_us();
        let id = details.call.id;
        let attempts = (!details.attempts.is_empty()).then(|| details.attempts.clone());
        view! {
            {timing.map(|total| view! { <Timing total first=details.call.first_byte_us/> }.into_any())}
            {attempts.map(|attempts| view! { <Attempts attempts/> }.into_any())}
            <CostLines details=details.clone()/>
            <Facts details/>
            <CallPageLink id/>
        }
    };
    // Bodies are loaded separately, so that the rest is there at once. Those of rejected calls aren't stored.
    let admitted_call = Memo::new(move |_| {
        details.with(|details| (details.call.outcome != Outcome::Refused).then_some(details.call.id))
    });
    view! {
        {beginning}
        <CallBodiesSection call=admitted_call zone/>
        {end}
    }
}
