use domain::{
    calls::SearchText,
    permissions::{Permission, Reach},
};
use leptos::prelude::*;

use super::{CallsHref, call_list::CallList, list_end::not_kept, narrowing::NarrowedPage};
use crate::{
    addresses::{LogsAddress, Page},
    components::{EmptyState, Icon},
    lean::When,
    state::{use_organization, use_zone},
};

/// The page's content without any calls, with links to wider selections.
#[component]
pub(super) fn NoCalls(
    list: CallList,
    address: Memo<LogsAddress>,
    href: CallsHref,
    of_key: bool,
    can_grow: Signal<bool>,
) -> impl IntoView {
    let organization = use_organization();
    let zone = use_zone();
    let may_create = organization.may(Permission::ManageApiKeys);
    let sees_all = organization.reach(Permission::ViewLogs).is_some_and(Reach::is_organization_wide);
    let is_bounded =
        move || address.with(|address| address.range.is_some() || address.from.is_some() || address.to.is_some());
    let is_filtered = move || {
        let page = NarrowedPage { address, href, of_key };
        page.search() != SearchText::default()
    };
    let any_time = move || href.run((address.get().with_range(None),));
    let unfiltered = move || NarrowedPage { address, href, of_key }.href(SearchText::default());
    let is_narrowed = Memo::new(move |_| is_bounded() || is_filtered());
    let content = move || {
        let narrowed = is_narrowed.get();
        let text = if narrowed {
            "No calls match the time range and filters."
        } else if list.kept_since().is_some() {
            "There are no calls in the time for which they are stored."
        } else if of_key {
            "This key hasn't been used."
        } else if sees_all {
            "No calls yet."
        } else {
            "No calls yet in the projects assigned to you."
        };
        view! {
            <EmptyState icon=Icon::List title=if narrowed { "No matching calls" } else { "No calls yet" }>
                <p>
                    {text}
                    <When when=move || can_grow.get()>" New calls will appear here automatically."</When>
                </p>
                {move || not_kept(list, zone).map(|text| view! { <p>{text}</p> }.into_any())}
                <p class="acts">
                    <When when=is_bounded><a class="button" href=any_time>"Any time"</a></When>
                    <When when=is_filtered><a class="button" href=unfiltered>"Clear filters"</a></When>
                    <When when=move || !is_narrowed.get() && !of_key && may_create>
                        <a class="button primary" href=Page::ApiKeys.path(&organization.slug())>"API keys"</a>
                    </When>
                </p>
            </EmptyState>
        }
    };
    view! { <div class="card">{content}</div> }
}
