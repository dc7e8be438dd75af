use domain::api_keys::{ApiKey, Status};
use leptos::prelude::*;

use crate::{
    addresses::Query,
    components::{Choice, SearchField, Select},
    state::{use_go, use_organization},
};

/// Narrows the list: `q`, `status` and `project` in the address.
#[component]
pub(super) fn Filters(query: Memo<Query>, path: StoredValue<String>) -> impl IntoView {
    let go = use_go();
    let organization = use_organization();
    let value = move |name: &'static str| {
        Signal::derive(move || query.with(|query| query.text(name).unwrap_or_default().to_owned()))
    };
    let set = move |name: &'static str| {
        Callback::new(move |(value,): (String,)| {
            let value = (!value.is_empty()).then_some(value);
            go.replace(path.with_value(|path| query.get_untracked().with(name, value).on(path)));
        })
    };
    let statuses: Vec<_> = std::iter::once(Choice::new("", "Any status"))
        .chain(Status::ALL.into_iter().map(|status| Choice::new(status.name(), capitalized(status.name()))))
        .collect();
    let projects = Signal::derive(move || {
        let projects = organization.projects.with(|projects| projects.cloned().unwrap_or_default());
        std::iter::once(Choice::new("", "Any project"))
            .chain(projects.into_iter().map(|project| Choice::new(project.id.to_string(), project.name)))
            .collect::<Vec<_>>()
    });
    view! {
        <div class="filters" role="search">
            <SearchField label="Find a key" value=value("q") on_change=set("q")/>
            <Select
                name="status"
                label="Status"
                compact=true
                value=value("status")
                on_change=set("status")
                choices=statuses
            />
            <Select
                name="project"
                label="Project"
                compact=true
                value=value("project")
                on_change=set("project")
                choices=projects
            />
        </div>
    }
}

pub(super) fn capitalized(word: &str) -> String {
    let mut letters = word.chars();
    letters.next().map(|first| first.to_uppercase().chain(letters).collect()).unwrap_or_default()
}

/// Whether `key` is one of those that the address asks for.
pub(super) fn matches(query: &Query, key: &ApiKey) -> bool {
    let search = query.text("q").unwrap_or_default().to_lowercase();
    let found = [&key.name, &key.description, &key.masked].iter().any(|text| text.to_lowercase().contains(&search));
    let status = query.text("status").is_none_or(|status| key.status.name() == status);
    let project =
        query.get("project").is_none_or(|project| key.project.as_ref().is_some_and(|of_key| of_key.id == project));
    found && status && project
}
