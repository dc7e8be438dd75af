//! The levels through which the page was narrowed, from the widest to the open one.

use domain::usage::UsageQuery;
use leptos::prelude::*;

use super::{chart_controls::group_label, chips::value_name, filter_names::FilterNames, range_menu::range_name_in};
use crate::{
    addresses::UsageAddress,
    components::Name,
    lean::{CollectAny, When},
    state::{use_organization, use_zone},
};

/// Links to the levels above; nothing on a page that wasn't narrowed.
#[component]
pub(super) fn Trail(address: Memo<UsageAddress>, names: FilterNames) -> impl IntoView {
    let (organization, zone) = (use_organization(), use_zone());
    let crumbs = move || {
        let (address, zone) = (address.get(), zone.get());
        let mut above = None;
        let queries = address.levels.iter().chain(std::iter::once(&address.query));
        let crumb = |(index, query)| {
            let label = level_name(above.replace(query), query, names, &zone);
            (label, address.level(index).map(|level| level.href(&organization.slug())))
        };
        queries.enumerate().map(crumb).collect::<Vec<_>>()
    };
    let crumb = |(label, href): (String, Option<String>)| match href {
        Some(href) => view! { <li><a href=href><Name name=label/></a></li> }.into_any(),
        None => view! { <li><span aria-current="page"><Name name=label/></span></li> }.into_any(),
    };
    view! {
        <When when=move || address.with(|address| !address.levels.is_empty())>
            <nav class="trail" aria-label="Breadcrumbs">
                <ol role="list">{move || crumbs().into_iter().map(crumb).collect_any()}</ol>
            </nav>
        </When>
    }
}

/// A level's name: what it narrowed of the one above it.
fn level_name(above: Option<&UsageQuery>, query: &UsageQuery, names: FilterNames, zone: &str) -> String {
    let mut parts = Vec::new();
    if above.is_none_or(|above| above.range != query.range) {
        parts.push(range_name_in(query.range, zone));
    }
    for group in query.filter.dimensions() {
        let before = above.map(|above| above.filter.values(&group)).unwrap_or_default();
        for value in query.filter.values(&group).into_iter().filter(|value| !before.contains(value)) {
            parts.push(names.get(&group, &value).unwrap_or_else(|| value_name(&group, &value)));
        }
    }
    if parts.is_empty() {
        parts.push(format!("By {}", group_label(&query.group).to_ascii_lowercase()));
    }
    parts.join(", ")
}
