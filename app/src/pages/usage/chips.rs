use domain::{
    permissions::Permission,
    usage::{Filter, Group, UsageQuery, UsageReport},
};
use leptos::prelude::*;

use crate::{
    addresses::UsageAddress,
    api,
    components::{Chip, FilterChips},
    state::{Answer, load_when, use_organization},
};

/// What narrows the report.
#[component]
pub(super) fn Chips(address: Memo<UsageAddress>, report: Answer<UsageReport>) -> impl IntoView {
    let organization = use_organization();
    let names = FilterNames::new(Memo::new(move |_| address.with(|address| address.query.filter.clone())));
    let chips = Memo::new(move |_| {
        let query = address.get().query;
        // The report itself names a key where it is grouped by keys: also for those who may not list them.
        let in_report = report.with(|report| {
            let series = report?.series.first().filter(|_| query.group == Group::ApiKey)?;
            (Some(&series.key) == query.filter.api_key.map(|key| key.to_string()).as_ref())
                .then(|| series.label.clone())
        });
        filter_chips(&query.filter, names, in_report, |filter| {
            UsageAddress { query: UsageQuery { filter, ..query.clone() } }.href(&organization.slug())
        })
    });
    view! { <FilterChips chips/> }
}

/// What a filter's ids stand for, as far as the member may know.
#[derive(Clone, Copy)]
pub(crate) struct FilterNames {
    project: Signal<Option<String>>,
    api_key: Signal<Option<String>>,
}

impl FilterNames {
    pub(crate) fn new(filter: Memo<Filter>) -> Self {
        let organization = use_organization();
        let project = Signal::derive(move || {
            let id = filter.with(|filter| filter.project)?;
            organization.projects.with(|projects| Some(projects?.iter().find(|project| project.id == id)?.name.clone()))
        });
        let wanted = Memo::new(move |_| filter.with(|filter| filter.api_key));
        let key = load_when(move || {
            let id = wanted.get().filter(|_| organization.may(Permission::ViewApiKeys))?;
            Some(api::api_keys::Get { organization: organization.slug(), id })
        });
        let api_key = Signal::derive(move || {
            // The answer to an older question names another key.
            let id = wanted.get()?;
            key.with(|key| Some(key.filter(|key| key.id == id)?.name.clone()))
        });
        Self { project, api_key }
    }
}

/// A chip for each part of `filter`; `key_name` is how the key is called if `names` can't tell.
pub(crate) fn filter_chips(
    filter: &Filter,
    names: FilterNames,
    key_name: Option<String>,
    href: impl Fn(Filter) -> String,
) -> Vec<Chip> {
    let mut chips = Vec::new();
    if let Some(id) = filter.project {
        let value = names.project.get().unwrap_or_else(|| id.to_string());
        chips.push(Chip { name: "Project", value, without: href(Filter { project: None, ..filter.clone() }) });
    }
    if let Some(id) = filter.api_key {
        let value = names.api_key.get().or(key_name).unwrap_or_else(|| id.to_string());
        chips.push(Chip { name: "Key", value, without: href(Filter { api_key: None, ..filter.clone() }) });
    }
    if let Some(model) = &filter.model {
        chips.push(Chip {
            name: "Model",
            value: model.clone(),
            without: href(Filter { model: None, ..filter.clone() }),
        });
    }
    chips
}
