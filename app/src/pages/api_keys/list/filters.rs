use domain::{
    api_keys::{HintKind, KeyQuery, KeySort, Level},
    permissions::{Permission, Reach},
};
use leptos::prelude::*;

use crate::{
    addresses::KeysAddress,
    components::{Filters as FilterBar, SearchField, Select, SelectOption},
    state::{debounce, use_go, use_organization, use_session},
};

/// Controls of the address's query: search, filters, and on phones the order. The project is chosen in the header.
#[component]
pub(super) fn Filters(address: Memo<KeysAddress>) -> impl IntoView {
    let (go, organization) = (use_go(), use_organization());
    let go_to = move |narrow: Box<dyn FnOnce(&mut KeyQuery)>| {
        go.to(address.get_untracked().narrowed(narrow).href(&organization.slug()));
    };
    let value = move |get: fn(&KeyQuery) -> String| Signal::derive(move || address.with(|address| get(&address.query)));

    let levels =
        Level::ALL.into_iter().filter(|level| *level != Level::Admin || organization.may(Permission::ViewAdminKeys));
    let levels = choices("Any type", levels.map(|level| SelectOption::new(level.name(), level.label())));
    let hints = choices("Any issue", HintKind::ALL.iter().map(|hint| SelectOption::new(hint.name(), hint.label())));
    let sorts: Vec<_> = KeySort::ALL
        .iter()
        .map(|sort| SelectOption::new(sort.name(), format!("By {}", sort.label().to_ascii_lowercase())))
        .collect();
    let viewer = use_session().viewer;
    let own_id = move || viewer.with_untracked(|viewer| viewer.as_ref().map(|viewer| viewer.id));
    let creators = vec![SelectOption::new("", "Any creator"), SelectOption::new(OWN, "Created by me")];
    // A creator other than the viewer comes from a link; the choice then shows none of its own.
    let creator = Signal::derive(move || {
        let own_id = viewer.with(|viewer| viewer.as_ref().map(|viewer| viewer.id));
        let creator = address.with(|address| address.query.creator);
        if creator.is_some() && creator == own_id { OWN.to_owned() } else { String::new() }
    });
    let active = Signal::derive(move || {
        address.with(|KeysAddress { query, .. }| {
            let active =
                [!query.search.is_empty(), query.level.is_some(), query.hint.is_some(), query.creator.is_some()];
            active.into_iter().filter(|active| *active).count()
        })
    });
    view! {
        <FilterBar active>
            <div role="search"><Search address/></div>
            <Select
                name="level"
                label="Type"
                compact=true
                value=value(|query| query.level.map(|level| level.to_string()).unwrap_or_default())
                on_change=move |(level,): (String,)| go_to(Box::new(move |query| query.level = level.parse().ok()))
                choices=Signal::stored(levels)
            />
            <Select
                name="hint"
                label="Issue"
                compact=true
                value=value(|query| query.hint.map(|hint| hint.to_string()).unwrap_or_default())
                on_change=move |(hint,): (String,)| go_to(Box::new(move |query| query.hint = hint.parse().ok()))
                choices=Signal::stored(hints)
            />
            // Those who see only their own keys needn't choose.
            {organization.reach(Permission::ViewApiKeys).is_some_and(Reach::is_organization_wide).then(|| view! {
                <Select
                    name="creator"
                    label="Creator"
                    compact=true
                    value=creator
                    on_change=move |(chosen,): (String,)| go_to(Box::new(move |query| {
                        query.creator = own_id().filter(|_| chosen == OWN);
                    }))
                    choices=Signal::stored(creators)
                />
            }.into_any())}
            // Cards, on phones, have no headers to sort by.
            <span class="only-phone">
                <Select
                    name="sort"
                    label="Sort"
                    compact=true
                    value=value(|query| query.sort.to_string())
                    on_change=move |(sort,): (String,)| go_to(Box::new(move |query| {
                        query.sort = sort.parse().unwrap_or_default();
                        query.reversed = false;
                    }))
                    choices=Signal::stored(sorts)
                />
            </span>
        </FilterBar>
    }
}

/// The choice of keys that the viewer has created.
const OWN: &str = "me";

fn choices(any: &str, others: impl Iterator<Item = SelectOption>) -> Vec<SelectOption> {
    std::iter::once(SelectOption::new("", any)).chain(others).collect()
}

/// A search that runs once typing pauses, without a history entry for each letter.
#[component]
fn Search(address: Memo<KeysAddress>) -> impl IntoView {
    let (go, organization) = (use_go(), use_organization());
    // Typed text that isn't in the address yet.
    let typed = RwSignal::new(None::<String>);
    let value =
        Signal::derive(move || typed.get().unwrap_or_else(|| address.with(|address| address.query.search.clone())));
    let search = debounce(move || {
        let Some(text) = typed.try_get_untracked().flatten() else { return };
        let before = address.get_untracked();
        // A longer one makes no valid address; it stays in the field.
        if text != before.query.search && text.len() <= KeysAddress::MAX_SEARCH_LENGTH {
            go.replace(before.narrowed(|query| query.search.clone_from(&text)).href(&organization.slug()));
        }
        if address.with_untracked(|address| address.query.search == text) {
            typed.set(None);
        }
    });
    let on_change = move |(text,): (String,)| {
        typed.set(Some(text));
        search();
    };
    view! { <SearchField label="Find a key" value on_change/> }
}
