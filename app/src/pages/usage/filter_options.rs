//! The values by which usage can be filtered.

use domain::{
    api_keys::KeyQuery,
    permissions::Permission,
    usage::{Filter, Group, OTHERS, UsageQuery, UsageReport},
};
use leptos::prelude::*;

use crate::{
    addresses::UsageAddress,
    api,
    lean::lower_case,
    state::{debounced, load_when, use_organization},
};

/// A value of a filter.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct FilterOption {
    /// Heading of the options of its kind: `Models`.
    pub(super) kind: &'static str,
    pub(super) name: String,
    /// Distinguishes the option from others of equal name.
    pub(super) detail: String,
    /// The page's filter with this value.
    pub(super) filter: Filter,
}

/// The options that contain the typed text: models that were used in the range, keys and projects. The server searches
/// the keys, since there may be thousands.
pub(super) fn filter_options(
    open: RwSignal<bool>,
    typed: RwSignal<String>,
    address: Memo<UsageAddress>,
) -> Memo<Vec<FilterOption>> {
    let organization = use_organization();
    let searched = debounced(typed);
    let models = load_when(move || {
        let query = address.get().query;
        let filter = Filter { model: None, ..query.filter.clone() };
        let query = UsageQuery { group: Group::Model, all_groups: true, filter, ..query };
        open.get().then(|| api::usage::Report { organization: organization.slug(), query })
    });
    let keys = load_when(move || {
        let searches_keys = open.get() && organization.may(Permission::ViewApiKeys);
        let query = KeyQuery { search: searched.get(), ..KeyQuery::default() };
        searches_keys.then(|| api::api_keys::List { organization: organization.slug(), query })
    });
    Memo::new(move |_| {
        let filter = address.with(|address| address.query.filter.clone());
        let typed = lower_case(&typed.get());
        let matches = |name: &str| {
            let name = lower_case(name);
            typed.split_whitespace().all(|word| name.contains(word))
        };
        let mut options = Vec::new();
        let mut add = |kind, name: &str, detail: &str, filter| {
            options.push(FilterOption { kind, name: name.to_owned(), detail: detail.to_owned(), filter });
        };
        models.with(|report| {
            for model in report.map(used_models).unwrap_or_default().into_iter().filter(|model| matches(model)) {
                add("Models", model, "", Filter { model: Some(model.to_owned()), ..filter.clone() });
            }
        });
        keys.with(|keys| {
            // The answer may be to what was typed before.
            let found = keys.into_iter().flat_map(|page| &page.keys);
            for key in found.filter(|key| matches(&format!("{} {} {}", key.name, key.masked, key.description))) {
                add("Keys", &key.name, &key.masked, Filter { api_key: Some(key.id), ..filter.clone() });
            }
        });
        organization.projects.with(|projects| {
            for project in projects.into_iter().flatten().filter(|project| matches(&project.name)) {
                add("Projects", &project.name, "", Filter { project: Some(project.id), ..filter.clone() });
            }
        });
        options
    })
}

/// The models of a report that is grouped by them, the most expensive first.
fn used_models(report: &UsageReport) -> Vec<&str> {
    let series = report.series.iter().map(|series| series.key.as_str());
    let others = report.other_groups.iter().map(|group| group.key.as_str());
    series.chain(others).filter(|model| !model.is_empty() && *model != OTHERS).collect()
}
