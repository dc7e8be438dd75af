use domain::usage::{Filter, Group, StatusFilter, UsageQuery, UsageReport};
use leptos::prelude::*;

use super::filter_names::FilterNames;
use crate::{
    addresses::UsageAddress,
    components::{Chip, FilterChips},
    state::{QueryState, use_organization},
};

/// Chips for the report's filters.
#[component]
pub(super) fn Chips(address: Memo<UsageAddress>, report: QueryState<UsageReport>, names: FilterNames) -> impl IntoView {
    let organization = use_organization();
    let chips = Memo::new(move |_| {
        let address = address.get();
        let query = &address.query;
        // A report grouped by keys contains the key's name, also for members who may not list keys.
        let key_name = report.with(|report| {
            let series = report?.series.first().filter(|_| query.group == Group::ApiKey)?;
            let is_only = query.filter.values(&Group::ApiKey) == [series.key.as_str()];
            is_only.then(|| series.label.clone())
        });
        filter_chips(&query.filter, names, key_name, |filter| {
            address.with_query(UsageQuery { filter, ..query.clone() }).href(&organization.slug())
        })
    });
    view! { <FilterChips chips/> }
}

/// A chip for each value of `filter`; `key_name` is the only key's name if `names` doesn't know it.
fn filter_chips(
    filter: &Filter,
    names: FilterNames,
    key_name: Option<String>,
    href: impl Fn(Filter) -> String,
) -> Vec<Chip> {
    let mut chips = Vec::new();
    for group in filter.dimensions() {
        let fallback = key_name.as_ref().filter(|_| group == Group::ApiKey);
        for value in filter.values(&group) {
            let shown = names.get(&group, &value).or_else(|| fallback.cloned());
            chips.push(Chip {
                name: dimension_name(&group),
                value: shown.unwrap_or_else(|| value_name(&group, &value)),
                remove_href: href(filter.without_value(&group, &value)),
            });
        }
    }
    chips
}

/// The name of a dimension in chips and menus. A tag's own name is part of its value there.
pub(crate) fn dimension_name(group: &Group) -> &'static str {
    match group {
        Group::Model => "Model",
        Group::ApiKey => "Key",
        Group::Project => "Project",
        Group::Member => "Member",
        Group::Service => "Service",
        Group::Endpoint => "Endpoint",
        Group::Provider => "Provider",
        Group::Status => "Status",
        Group::Tag(_) => "Tag",
    }
}

/// What people read instead of a value that has no name of its own: `Errors`, `customer: acme`, `fine tuning`.
pub(super) fn value_name(group: &Group, value: &str) -> String {
    match group {
        Group::Tag(name) => format!("{name}: {value}"),
        Group::Service => value.replace('_', " "),
        Group::Status => value.parse::<StatusFilter>().map_or_else(|_| value.to_owned(), StatusFilter::label),
        _ => value.to_owned(),
    }
}
