//! SQL conditions that a scope and a filter put on series and calls.

use std::collections::BTreeMap;

use domain::usage::{Filter, StatusFilter, TagName};
use uuid::Uuid;

use crate::{database::Bound, projects::ProjectScope};

/// The condition that `scope` and `filter` put on series `s`: all dimensions but tags, which series don't have.
///
/// Rollups from before migration 56 belong to series without provider and status, which no filter of these finds.
pub(crate) fn series_condition(scope: &ProjectScope, filter: &Filter, bound: &mut Bound) -> String {
    let mut conditions = Vec::new();
    if let ProjectScope::Only(projects) = scope {
        let among = bound.among_ids(projects.iter().map(|project| project.uuid()));
        conditions.push(format!("s.project_id {among}"));
    }
    let ids: [(&str, Vec<Uuid>); 3] = [
        ("project_id", filter.projects.iter().map(|project| project.uuid()).collect()),
        ("api_key_id", filter.api_keys.iter().map(|key| key.uuid()).collect()),
        ("member_id", filter.members.iter().map(|member| member.uuid()).collect()),
    ];
    for (column, ids) in ids {
        match &ids[..] {
            [] => {}
            [id] => conditions.push(format!("s.{column} = {}", bound.value(*id))),
            _ => conditions.push(format!("s.{column} {}", bound.among_ids(ids))),
        }
    }
    let texts: [(&str, Vec<&str>); 4] = [
        ("model", filter.models.iter().map(String::as_str).collect()),
        ("service", filter.services.iter().map(|service| service.name()).collect()),
        ("endpoint", filter.endpoints.iter().map(String::as_str).collect()),
        ("provider", filter.providers.iter().map(String::as_str).collect()),
    ];
    for (column, texts) in texts {
        match &texts[..] {
            [] => {}
            [text] => conditions.push(format!("s.{column} = {}", bound.value(*text))),
            _ => conditions.push(format!("s.{column} {}", bound.among_texts(texts))),
        }
    }
    if !filter.statuses.is_empty() {
        let any: Vec<String> = filter.statuses.iter().map(|status| status_condition(*status, "s.status")).collect();
        conditions.push(format!("({})", any.join(" OR ")));
    }
    if conditions.is_empty() { "TRUE".to_owned() } else { conditions.join(" AND ") }
}

/// The condition that calls of series `s`, with `column` as their HTTP status, ended like this.
pub(crate) fn status_condition(status: StatusFilter, column: &str) -> String {
    match status {
        StatusFilter::Outcome(outcome) => {
            let names: Vec<&str> = outcome.outcomes().iter().map(|outcome| outcome.name()).collect();
            format!("s.outcome IN ('{}')", names.join("', '"))
        }
        StatusFilter::Class(class) => {
            let first = u16::from(class) * 100;
            format!("({column} >= {first} AND {column} < {})", first + 100)
        }
        StatusFilter::Code(code) => format!("{column} = {code}"),
    }
}

/// The condition that `filter` puts on the tags of calls `c` of the organization, whose id has the placeholder
/// `organization`. Each name is a dimension of its own: a call has one of the values of every name.
pub(crate) fn tag_condition(organization: &str, filter: &Filter, bound: &mut Bound) -> String {
    let mut values: BTreeMap<&TagName, Vec<&str>> = BTreeMap::new();
    for tag in &filter.tags {
        values.entry(&tag.name).or_default().push(&tag.value);
    }
    let mut conditions = Vec::new();
    for (name, values) in values {
        let name = bound.value(name.as_str());
        let among = bound.among_texts(values);
        conditions.push(format!(
            "EXISTS (SELECT 1 FROM call_tags t WHERE t.organization_id = {organization} AND t.call_id = c.id \
             AND t.name = {name} AND t.value {among})"
        ));
    }
    if conditions.is_empty() { "TRUE".to_owned() } else { conditions.join(" AND ") }
}

#[cfg(test)]
mod tests {
    use sea_orm::DbBackend;

    use super::*;

    fn condition(filter: &Filter) -> String {
        series_condition(&ProjectScope::All, filter, &mut Bound::new(DbBackend::Sqlite))
    }

    #[test]
    fn values_of_one_dimension_are_alternatives_and_dimensions_are_not() {
        let texts = |texts: &[&str]| texts.iter().map(|text| (*text).to_owned()).collect();
        let filter = Filter { models: texts(&["a"]), providers: texts(&["b", "c"]), ..Filter::default() };
        assert_eq!(condition(&filter), "s.model = $1 AND s.provider IN (SELECT value FROM json_each($2))");
        let statuses = ["errors", "4xx", "503"].map(|text| text.parse().unwrap()).to_vec();
        assert_eq!(
            condition(&Filter { statuses, ..Filter::default() }),
            "(s.outcome IN ('failed', 'interrupted') OR (s.status >= 400 AND s.status < 500) OR s.status = 503)"
        );
        assert_eq!(condition(&Filter::default()), "TRUE");
    }

    #[test]
    fn each_tag_is_a_dimension() {
        let tags = ["env:live", "customer:acme", "customer:beta"].map(|text| text.parse().unwrap()).to_vec();
        let filter = Filter { tags, ..Filter::default() };
        let condition = tag_condition("$1", &filter, &mut Bound::new(DbBackend::Sqlite));
        assert_eq!(condition.matches("EXISTS").count(), 2);
        assert_eq!(tag_condition("$1", &Filter::default(), &mut Bound::new(DbBackend::Sqlite)), "TRUE");
    }
}
