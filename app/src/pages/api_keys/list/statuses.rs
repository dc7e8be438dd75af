use domain::api_keys::{KeyPage, Status};
use leptos::prelude::*;

use crate::{addresses::KeysAddress, components::format_compact, lean::CollectAny, state::use_organization};

/// The number of keys of each status, with links to them.
#[component]
pub(super) fn Statuses(page: ReadSignal<KeyPage>, address: Memo<KeysAddress>) -> impl IntoView {
    let organization = use_organization();
    let counts = Memo::new(move |_| page.with(|page| page.statuses.clone()));
    let link = move |status: Option<Status>, count: i64| {
        let label = status.map_or("All", Status::label);
        let href =
            move || address.with(|address| address.narrowed(|query| query.status = status).href(&organization.slug()));
        let current = move || address.with(|address| address.query.status == status).then_some("true");
        view! {
            <a href=href aria-current=current>{label} <span class="count">{format_compact(count)}</span></a>
        }
    };
    let links = move || {
        let counts = counts.get();
        let count = |wanted| counts.iter().find(|(status, _)| *status == wanted).map_or(0, |(_, count)| *count);
        let chosen = address.with(|address| address.query.status);
        let all = link(None, counts.iter().map(|(_, count)| count).sum());
        let shown = Status::ALL.into_iter().filter(|status| count(*status) > 0 || chosen == Some(*status));
        std::iter::once(all).chain(shown.map(|status| link(Some(status), count(status)))).collect_any()
    };
    view! { <nav class="segmented key-statuses" aria-label="Status">{links}</nav> }
}
