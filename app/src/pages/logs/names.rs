//! Names of what the log is narrowed to by ID, as far as the member may see them.

use domain::{
    calls::{ApiKeyRef, CallMember, CallSuggestions, FacetValue, Facets, SearchNames},
    projects::ProjectRef,
    usage::Group,
};
use leptos::prelude::*;

use crate::{
    lean::watch,
    state::{QueryState, use_organization},
};

/// The names that are known so far: those of projects, of facets and of suggestions.
#[derive(Clone, Copy)]
pub(super) struct SearchedNames(RwSignal<SearchNames>);

impl SearchedNames {
    pub(super) fn new(facets: QueryState<Facets>) -> Self {
        let organization = use_organization();
        let names = Self(RwSignal::new(SearchNames::default()));
        watch(move || {
            let projects = organization.projects.with(|projects| {
                let projects = projects.into_iter().flatten();
                projects.map(|project| ProjectRef { id: project.id, name: project.name.clone() }).collect()
            });
            names.add(&CallSuggestions { projects, ..CallSuggestions::default() });
        });
        watch(move || names.add(&facets.with(|facets| facets.map(named).unwrap_or_default())));
        names
    }

    /// Adds the names of suggestions; the latest name of an ID is the one it has.
    pub(super) fn add(&self, suggestions: &CallSuggestions) {
        let is_new = self.0.with_untracked(|names| {
            let mut more = names.clone();
            more.add(suggestions);
            more != *names
        });
        if is_new {
            self.0.update(|names| names.add(suggestions));
        }
    }

    /// Passes the names to `read`.
    pub(super) fn with<O>(&self, read: impl FnOnce(&SearchNames) -> O) -> O {
        self.0.with(read)
    }
}

/// The projects, keys and members of facets, as suggestions have them.
fn named(facets: &Facets) -> CallSuggestions {
    let projects = named_values(facets, &Group::Project)
        .filter_map(|value| Some(ProjectRef { id: value.value.parse().ok()?, name: value.label.clone() }));
    let api_keys = named_values(facets, &Group::ApiKey).filter_map(|value| {
        let (id, name) = (value.value.parse().ok()?, value.label.clone());
        Some(ApiKeyRef { id, name, masked: String::new() })
    });
    let members = named_values(facets, &Group::Member)
        .filter_map(|value| Some(CallMember { id: value.value.parse().ok()?, name: value.label.clone() }));
    CallSuggestions {
        projects: projects.collect(),
        api_keys: api_keys.collect(),
        members: members.collect(),
        ..CallSuggestions::default()
    }
}

/// The values of a dimension whose label is another text than their ID.
fn named_values<'a>(facets: &'a Facets, dimension: &Group) -> impl Iterator<Item = &'a FacetValue> + use<'a> {
    let values = facets.get(dimension).into_iter().flat_map(|facet| &facet.values);
    values.filter(|value| value.label != value.value)
}
