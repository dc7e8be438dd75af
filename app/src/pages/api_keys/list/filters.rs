use domain::{
    api_keys::{HintKind, KeyQuery, KeySort, Level},
    permissions::Permission,
};
use leptos::prelude::*;

use crate::{
    addresses::KeysAddress,
    components::{Choice, SearchField, Select},
    state::{after_pause, use_go, use_organization},
};

/// What narrows and sorts the list, as the address says it.
#[component]
pub(super) fn Filters(address: Memo<KeysAddress>) -> impl IntoView {
    let (go, organization) = (use_go(), use_organization());
    let to = move |narrow: Box<dyn FnOnce(&mut KeyQuery)>| {
        go.to(address.get_untracked().narrowed(narrow).href(&organization.slug()));
    };
    let value = move |of: fn(&KeyQuery) -> String| Signal::derive(move || address.with(|address| of(&address.query)));

    let levels =
        Level::ALL.into_iter().filter(|level| *level != Level::Admin || organization.may(Permission::ViewAdminKeys));
    let levels = choices("Any level", levels.map(|level| Choice::new(level.name(), level.label())));
    let projects = Signal::derive(move || {
        let projects = organization.projects.with(|projects| projects.cloned().unwrap_or_default());
        choices("Any project", projects.into_iter().map(|project| Choice::new(project.id.to_string(), project.name)))
    });
    let hints = choices("Any hint", HintKind::ALL.iter().map(|hint| Choice::new(hint.name(), hint.label())));
    let sorts: Vec<_> = KeySort::ALL
        .iter()
        .map(|sort| Choice::new(sort.name(), format!("By {}", sort.label().to_ascii_lowercase())))
        .collect();
    view! {
        <div class="filters" role="search">
            <Search address/>
            <Select
                name="level"
                label="Level"
                compact=true
                value=value(|query| query.level.map(|level| level.to_string()).unwrap_or_default())
                on_change=move |(level,): (String,)| to(Box::new(move |query| query.level = level.parse().ok()))
                choices=Signal::stored(levels)
            />
            <Select
                name="project"
                label="Project"
                compact=true
                value=value(|query| query.project.map(|project| project.to_string()).unwrap_or_default())
                on_change=move |(project,): (String,)| to(Box::new(move |query| query.project = project.parse().ok()))
                choices=projects
            />
            <Select
                name="hint"
                label="Hint"
                compact=true
                value=value(|query| query.hint.map(|hint| hint.to_string()).unwrap_or_default())
                on_change=move |(hint,): (String,)| to(Box::new(move |query| query.hint = hint.parse().ok()))
                choices=Signal::stored(hints)
            />
            // Where there are cards there are no headers to sort by.
            <span class="only-phone">
                <Select
                    name="sort"
                    label="Sort"
                    compact=true
                    value=value(|query| query.sort.to_string())
                    on_change=move |(sort,): (String,)| to(Box::new(move |query| {
                        query.sort = sort.parse().unwrap_or_default();
                        query.reversed = false;
                    }))
                    choices=Signal::stored(sorts)
                />
            </span>
        </div>
    }
}

fn choices(any: &str, others: impl Iterator<Item = Choice>) -> Vec<Choice> {
    std::iter::once(Choice::new("", any)).chain(others).collect()
}

/// Searches when somebody pauses, without a step in the history for each letter.
#[component]
fn Search(address: Memo<KeysAddress>) -> impl IntoView {
    let (go, organization) = (use_go(), use_organization());
    // What isn't in the address yet.
    let typed = RwSignal::new(None::<String>);
    let value =
        Signal::derive(move || typed.get().unwrap_or_else(|| address.with(|address| address.query.search.clone())));
    let search = after_pause(move || {
        let Some(text) = typed.try_get_untracked().flatten() else { return };
        let before = address.get_untracked();
        if text != before.query.search {
            go.replace(before.narrowed(|query| query.search.clone_from(&text)).href(&organization.slug()));
        }
        // What the address can't hold stays in the field.
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
