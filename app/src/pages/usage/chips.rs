use domain::{
    permissions::Permission,
    usage::{Filter, Group, UsageQuery, UsageReport},
};
use leptos::prelude::*;

use crate::{
    addresses::UsageAddress,
    api,
    components::{Chip, FilterChips},
    state::{QueryState, load_when, use_organization},
};

/// Chips for the report's filters.
#[component]
pub(super) fn Chips(address: Memo<UsageAddress>, report: QueryState<UsageReport>) -> impl IntoView {
    let organization = use_organization();
    let names = FilterNames::new(Memo::new(move |_| address.with(|address| address.query.filter.clone())));
    let chips = Memo::new(move |_| {
        let query = address.get().query;
        // A report grouped by keys contains the key's name, also for members who may not list keys.
        let key_name = report.with(|report| {
            let series = report?.series.first().filter(|_| query.group == Group::ApiKey)?;
            (Some(&series.key) == query.filter.api_key.map(|key| key.to_string()).as_ref())
                .then(|| series.label.clone())
        });
        filter_chips(&query.filter, names, key_name, |filter| {
            UsageAddress { query: UsageQuery { filter, ..query.clone() } }.href(&organization.slug())
        })
    });
    view! { <FilterChips chips/> }
}

/// Names of a filter's project and key, as far as the member may see them.
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
        let key_id = Memo::new(move |_| filter.with(|filter| filter.api_key));
        let key = load_when(move || {
            let id = key_id.get().filter(|_| organization.may(Permission::ViewApiKeys))?;
            Some(api::api_keys::Get { organization: organization.slug(), id })
        });
        let api_key = Signal::derive(move || {
            // The answer may be to an older query, for another key.
            let id = key_id.get()?;
            key.with(|key| Some(key.filter(|key| key.id == id)?.name.clone()))
        });
        Self { project, api_key }
    }
}

/// A chip for each part of `filter`; `key_name` is the key's name if `names` doesn't know it.
pub(crate) fn filter_chips(
    filter: &Filter,
    names: FilterNames,
    key_name: Option<String>,
    href: impl Fn(Filter) -> String,
) -> Vec<Chip> {
    let mut chips = Vec::new();
    if let Some(id) = filter.project {
        let value = names.project.get().unwrap_or_else(|| id.to_string());
        chips.push(Chip { name: "Project", value, remove_href: href(Filter { project: None, ..filter.clone() }) });
    }
    if let Some(id) = filter.api_key {
        let value = names.api_key.get().or(key_name).unwrap_or_else(|| id.to_string());
        chips.push(Chip { name: "Key", value, remove_href: href(Filter { api_key: None, ..filter.clone() }) });
    }
    if let Some(model) = &filter.model {
        chips.push(Chip {
            name: "Model",
            value: model.clone(),
            remove_href: href(Filter { model: None, ..filter.clone() }),
        });
    }
    chips
}
