//! Names of the projects, keys and members in a filter, as far as the member may see them.

use domain::{
    calls::ApiKeyRef,
    ids::ApiKeyId,
    permissions::Permission,
    usage::{Filter, Group, Range, UsageQuery, UsageReport},
};
use leptos::prelude::*;

use crate::{
    api,
    state::{load_part_when, load_when, use_organization, use_session},
};

/// Names of a filter's values, by their dimension.
#[derive(Clone, Copy)]
pub(crate) struct FilterNames {
    projects: Signal<Vec<(String, String)>>,
    api_keys: Signal<Vec<(String, String)>>,
    members: Signal<Vec<(String, String)>>,
}

impl FilterNames {
    pub(crate) fn new(filter: Memo<Filter>) -> Self {
        let organization = use_organization();
        let viewer = use_session().viewer;
        let projects = Signal::derive(move || {
            organization.projects.with(|projects| {
                let named =
                    projects.into_iter().flatten().map(|project| (project.id.to_string(), project.name.clone()));
                named.collect()
            })
        });
        let only_key = Memo::new(move |_| {
            filter.with(|filter| if let [id] = filter.api_keys[..] { Some(id) } else { None::<ApiKeyId> })
        });
        let key = load_part_when::<_, ApiKeyRef>(move || {
            let id = only_key.get().filter(|_| organization.may(Permission::ViewApiKeys))?;
            Some(api::api_keys::Get { organization: organization.slug(), id })
        });
        let used_keys = used_names(Memo::new(move |_| filter.with(keys_query)));
        let api_keys = Signal::derive(move || {
            let mut names = used_keys.get();
            key.with(|key| names.extend(key.map(|key| (key.id.to_string(), key.name.clone()))));
            names
        });
        let own = Signal::derive(move || {
            viewer.with(|viewer| viewer.as_ref().map(|viewer| (viewer.id.to_string(), viewer.name.clone())))
        });
        let used_members = used_names(Memo::new(move |_| {
            let own = own.get().map(|(id, _)| id);
            filter.with(|filter| members_query(filter, own.as_deref()))
        }));
        let members = Signal::derive(move || used_members.get().into_iter().chain(own.get()).collect());
        Self { projects, api_keys, members }
    }

    /// The name of a value, if it is known and differs from the value.
    pub(crate) fn get(&self, group: &Group, value: &str) -> Option<String> {
        let names = match group {
            Group::Project => self.projects,
            Group::ApiKey => self.api_keys,
            Group::Member => self.members,
            _ => return None,
        };
        names.with(|names| names.iter().find(|(id, _)| id == value).map(|(_, name)| name.clone()))
    }
}

/// The query for the names of several keys. One alone is looked up by itself, which also finds a key without calls.
fn keys_query(filter: &Filter) -> Option<UsageQuery> {
    let filter = Filter { api_keys: filter.api_keys.clone(), ..Filter::default() };
    (filter.api_keys.len() > 1).then(|| names_query(Group::ApiKey, filter))
}

/// The query for the names of members, unless the viewer is the only one.
fn members_query(filter: &Filter, own: Option<&str>) -> Option<UsageQuery> {
    let filter = Filter { members: filter.members.clone(), ..Filter::default() };
    let is_known = filter.members.iter().all(|id| own == Some(id.to_string().as_str()));
    (!is_known).then(|| names_query(Group::Member, filter))
}

/// Reports carry the names of their groups.
fn names_query(group: Group, filter: Filter) -> UsageQuery {
    UsageQuery { range: Range::Last12Months, group, filter, all_groups: true, ..UsageQuery::default() }
}

/// The names of the groups of a report.
fn used_names(query: Memo<Option<UsageQuery>>) -> Signal<Vec<(String, String)>> {
    let organization = use_organization();
    let report = load_when(move || {
        let query = query.get()?;
        Some(api::usage::Report { organization: organization.slug(), query })
    });
    Signal::derive(move || {
        if query.with(Option::is_none) {
            return Vec::new();
        }
        report.with(|report| report.map(named_groups).unwrap_or_default())
    })
}

/// The keys and names of a report's groups, the largest first.
pub(super) fn named_groups(report: &UsageReport) -> Vec<(String, String)> {
    let series = report.series.iter().map(|series| (&series.key, &series.label));
    let others = report.other_groups.iter().map(|group| (&group.key, &group.label));
    let known = series.chain(others).filter(|(key, _)| !key.is_empty() && *key != domain::usage::OTHERS);
    known.map(|(key, label)| (key.clone(), label.clone())).collect()
}
