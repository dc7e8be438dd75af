use domain::usage::{Filter, Range, UsageQuery, UsageReport};
use leptos::prelude::*;

use super::links::Links;
use crate::{
    addresses::Page,
    components::{EmptyState, Icon},
    lean::When,
};

/// The page's content without any calls, with links to wider selections where those may hold some.
#[component]
pub(super) fn NoCalls(report: ReadSignal<UsageReport>, links: Memo<Links>) -> impl IntoView {
    let ever_called = Memo::new(move |_| report.with(|report| report.ever_called));
    let is_short = move || links.with(|links| links.address.query.range.most_days() < Range::Last90Days.most_days());
    let is_filtered = move || links.with(|links| !links.address.query.filter.is_empty());
    let href = move |query: fn(UsageQuery) -> UsageQuery| {
        move || links.with(|links| links.page(query(links.address.query.clone())))
    };
    let wider = href(|query| UsageQuery { range: Range::Last90Days, view: None, ..query });
    let unfiltered = href(|query| UsageQuery { filter: Filter::default(), ..query });
    let content = move || {
        let title = if ever_called.get() { "No calls in this range" } else { "No calls yet" };
        view! {
            <EmptyState icon=Icon::Usage title=title>
                <p>"Calls will appear here automatically."</p>
                <p class="acts">
                    <When when=move || ever_called.get() && is_short()>
                        <a class="button" href=wider>"Show the last 90 days"</a>
                    </When>
                    <When when=is_filtered><a class="button" href=unfiltered>"Remove the filters"</a></When>
                    <a class="button" href=move || links.with(|links| Page::ApiKeys.path(&links.organization))>
                        "API keys"
                    </a>
                </p>
            </EmptyState>
        }
    };
    view! { <div class="card">{content}</div> }
}
