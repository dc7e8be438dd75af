//! Counts the values of a dimension among series.

use std::collections::BTreeMap;

use domain::{
    calls::{Facet, FacetValue, Facets, Outcome},
    ids::{ApiKeyId, ProjectId, UserId},
    usage::{Filter, Group, StatusFilter},
};
use uuid::Uuid;

use crate::{entities::series::Model as Series, usage::series_counts::SeriesCount};

/// The facet of a dimension, labelled by the values themselves. Calls count if they match all other dimensions of the
/// filter.
pub(super) fn fold(counts: &[SeriesCount], filter: &Filter, dimension: Group) -> Facet {
    let others = without(filter, &dimension);
    let mut calls: BTreeMap<String, i64> = BTreeMap::new();
    for count in counts.iter().filter(|count| matches(&count.series, &others)) {
        let values = match &dimension {
            Group::Status => statuses(count),
            _ => vec![(value(&count.series, &dimension), matching_calls(count, &others.statuses))],
        };
        for (value, more) in values.into_iter().filter(|(value, more)| !value.is_empty() && *more > 0) {
            *calls.entry(value).or_default() += more;
        }
    }
    let mut chosen_values = Vec::new();
    for value in chosen(filter, &dimension) {
        let counted = calls.remove(&value).unwrap_or_default();
        // A class of statuses, or one of the errors, isn't among the values.
        let calls = match value.parse::<StatusFilter>().ok().filter(|_| dimension == Group::Status) {
            Some(status) => {
                let matching = counts.iter().filter(|count| matches(&count.series, &others));
                matching.map(|count| matching_calls(count, &[status])).sum::<i64>()
            }
            None => counted,
        };
        chosen_values.push((value, calls));
    }
    let mut rest: Vec<(String, i64)> = calls.into_iter().collect();
    rest.sort_by(|a, b| b.1.cmp(&a.1).then_with(|| a.0.cmp(&b.0)));
    list_values(dimension, chosen_values, rest)
}

/// The facet of a dimension whose values have these numbers of calls: the chosen ones, and as many others as are listed.
pub(super) fn list_values(dimension: Group, chosen: Vec<(String, i64)>, others: Vec<(String, i64)>) -> Facet {
    let more = others.len() > Facets::MAX_VALUES;
    let value = |(value, calls): (String, i64), is_chosen| FacetValue { label: value.clone(), value, calls, is_chosen };
    let chosen = chosen.into_iter().map(|counted| value(counted, true));
    let others = others.into_iter().take(Facets::MAX_VALUES).map(|counted| value(counted, false));
    Facet { dimension, values: chosen.chain(others).collect(), more }
}

/// The filter without a dimension.
fn without(filter: &Filter, dimension: &Group) -> Filter {
    let mut others = filter.clone();
    match dimension {
        Group::Model => others.models.clear(),
        Group::ApiKey => others.api_keys.clear(),
        Group::Project => others.projects.clear(),
        Group::Member => others.members.clear(),
        Group::Service => others.services.clear(),
        Group::Endpoint => others.endpoints.clear(),
        Group::Provider => others.providers.clear(),
        Group::Status => others.statuses.clear(),
        Group::Tag(_) => others.tags.clear(),
    }
    others
}

/// The values of a dimension that the filter names.
fn chosen(filter: &Filter, dimension: &Group) -> Vec<String> {
    fn texts<T: ToString>(values: &[T]) -> Vec<String> {
        values.iter().map(ToString::to_string).collect()
    }
    match dimension {
        Group::Model => filter.models.clone(),
        Group::ApiKey => texts(&filter.api_keys),
        Group::Project => texts(&filter.projects),
        Group::Member => texts(&filter.members),
        Group::Service => texts(&filter.services),
        Group::Endpoint => filter.endpoints.clone(),
        Group::Provider => filter.providers.clone(),
        Group::Status => texts(&filter.statuses),
        Group::Tag(_) => Vec::new(),
    }
}

/// Whether a series matches all dimensions but the status.
fn matches(series: &Series, filter: &Filter) -> bool {
    fn has<T>(values: &[T], is_value: impl Fn(&T) -> bool) -> bool {
        values.is_empty() || values.iter().any(is_value)
    }
    has(&filter.projects, |id| id.uuid() == series.project_id)
        && has(&filter.api_keys, |id| id.uuid() == series.api_key_id)
        && has(&filter.members, |id| id.uuid() == series.member_id)
        && has(&filter.models, |model| *model == series.model)
        && has(&filter.services, |service| service.name() == series.service)
        && has(&filter.endpoints, |endpoint| *endpoint == series.endpoint)
        && has(&filter.providers, |provider| *provider == series.provider)
}

/// The value of a series in a dimension other than the status; empty for none.
fn value(series: &Series, dimension: &Group) -> String {
    let id = |id: Uuid, text: fn(Uuid) -> String| if id.is_nil() { String::new() } else { text(id) };
    match dimension {
        Group::Model => series.model.clone(),
        Group::ApiKey => id(series.api_key_id, |id| ApiKeyId::new(id).to_string()),
        Group::Project => id(series.project_id, |id| ProjectId::new(id).to_string()),
        Group::Member => id(series.member_id, |id| UserId::new(id).to_string()),
        Group::Service => series.service.clone(),
        Group::Endpoint => series.endpoint.clone(),
        Group::Provider => series.provider.clone(),
        Group::Status | Group::Tag(_) => String::new(),
    }
}

/// A series' calls by outcome, as far as it tells them apart, and by HTTP status.
fn statuses(count: &SeriesCount) -> Vec<(String, i64)> {
    let mut statuses = vec![
        (Outcome::Succeeded.name().to_owned(), count.calls - count.errors),
        ("errors".to_owned(), count.errors),
        (Outcome::Refused.name().to_owned(), count.rejected),
    ];
    if count.series.status >= 100 {
        statuses.push((count.series.status.to_string(), count.calls + count.rejected));
    }
    statuses
}

/// The number of a series' calls that ended as one of the filters says.
fn matching_calls(count: &SeriesCount, statuses: &[StatusFilter]) -> i64 {
    let all = count.calls + count.rejected;
    let status = count.series.status;
    let has_status = |filter: &StatusFilter| match filter {
        StatusFilter::Class(class) => status / 100 == i32::from(*class),
        StatusFilter::Code(code) => status == i32::from(*code),
        StatusFilter::Outcome(_) => false,
    };
    if statuses.is_empty() || statuses.iter().any(has_status) {
        return all;
    }
    let wants = |outcome: Outcome| {
        statuses
            .iter()
            .any(|status| matches!(status, StatusFilter::Outcome(filter) if filter.outcomes().contains(&outcome)))
    };
    match count.series.outcome.parse::<Outcome>() {
        Ok(outcome) => {
            if wants(outcome) {
                all
            } else {
                0
            }
        }
        // A series of former versions' rollups has all outcomes, and doesn't tell failed and interrupted calls apart.
        Err(_) => {
            let if_wanted = |is_wanted: bool, calls: i64| if is_wanted { calls } else { 0 };
            if_wanted(wants(Outcome::Succeeded), count.calls - count.errors)
                + if_wanted(wants(Outcome::Failed) || wants(Outcome::Interrupted), count.errors)
                + if_wanted(wants(Outcome::Refused), count.rejected)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn count(
        model: &str,
        service: &str,
        status: i32,
        outcome: &str,
        [calls, errors, rejected]: [i64; 3],
    ) -> SeriesCount {
        let series = Series {
            organization_id: Uuid::nil(),
            id: 0,
            project_id: Uuid::nil(),
            api_key_id: Uuid::from_u128(1),
            member_id: Uuid::nil(),
            model: model.to_owned(),
            service: service.to_owned(),
            endpoint: String::new(),
            provider: String::new(),
            status,
            outcome: outcome.to_owned(),
        };
        SeriesCount { series, calls, errors, rejected }
    }

    fn counts() -> Vec<SeriesCount> {
        vec![
            count("a", "chat", 200, "succeeded", [70, 0, 0]),
            count("b", "chat", 200, "succeeded", [5, 0, 0]),
            count("b", "chat", 429, "refused", [0, 0, 3]),
            count("b", "image", 502, "failed", [2, 2, 0]),
            // From before series had outcomes.
            count("c", "chat", 0, "any", [10, 4, 1]),
        ]
    }

    fn folded(filter: &Filter, dimension: Group) -> Vec<(String, i64)> {
        fold(&counts(), filter, dimension).values.into_iter().map(|value| (value.value, value.calls)).collect()
    }

    fn pairs(pairs: &[(&str, i64)]) -> Vec<(String, i64)> {
        pairs.iter().map(|(value, calls)| ((*value).to_owned(), *calls)).collect()
    }

    #[test]
    fn a_dimension_is_narrowed_by_all_others() {
        let all = Filter::default();
        assert_eq!(folded(&all, Group::Model), pairs(&[("a", 70), ("c", 11), ("b", 10)]));
        let statuses = [("succeeded", 81), ("200", 75), ("errors", 6), ("refused", 4), ("429", 3), ("502", 2)];
        assert_eq!(folded(&all, Group::Status), pairs(&statuses));
        let filter = Filter {
            models: vec!["b".to_owned(), "none".to_owned()],
            statuses: vec!["errors".parse().unwrap(), "4xx".parse().unwrap()],
            ..all
        };
        assert_eq!(folded(&filter, Group::Model), pairs(&[("b", 5), ("none", 0), ("c", 4)]));
        assert_eq!(folded(&filter, Group::Service), pairs(&[("chat", 3), ("image", 2)]));
        let statuses =
            [("errors", 2), ("4xx", 3), ("200", 5), ("succeeded", 5), ("429", 3), ("refused", 3), ("502", 2)];
        assert_eq!(folded(&filter, Group::Status), pairs(&statuses));
        assert_eq!(folded(&filter, Group::Project), pairs(&[]));
    }

    #[test]
    fn only_the_most_frequent_values_are_listed_and_those_that_are_chosen() {
        let counts: Vec<SeriesCount> =
            (1..=30).map(|number| count(&format!("m{number}"), "chat", 200, "succeeded", [number, 0, 0])).collect();
        let filter = Filter { models: vec!["m1".to_owned()], ..Filter::default() };
        let facet = fold(&counts, &filter, Group::Model);
        assert_eq!((facet.values.len(), facet.more), (Facets::MAX_VALUES + 1, true));
        assert_eq!((facet.values[0].value.as_str(), facet.values[0].calls, facet.values[0].is_chosen), ("m1", 1, true));
        assert_eq!((facet.values[1].value.as_str(), facet.values[1].is_chosen), ("m30", false));
    }
}
