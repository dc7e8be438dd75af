//! Calls with the tags of a filter, found by the index of their tags.
//!
//! Walking all calls of a range and asking each for its tags costs as much as the range has calls; here it costs as much
//! as the tag has.

use domain::usage::{Filter, TagName};
use sea_orm::DbBackend;

use super::{
    conditions::{series_condition, tag_condition},
    sources::CallSpan,
    span_table::SpanTable,
    sums::Slice,
};
use crate::database::Bound;

/// The first tag's name in a filter with its values, and the filter with all other tags; `None` without tags.
fn split(filter: &Filter) -> Option<(&TagName, Vec<&str>, Filter)> {
    let name = &filter.tags.iter().min_by_key(|tag| &tag.name)?.name;
    let (of_name, others) = filter.tags.iter().partition::<Vec<_>, _>(|tag| tag.name == *name);
    let values = of_name.into_iter().map(|tag| tag.value.as_str()).collect();
    Some((name, values, Filter { tags: others.into_iter().cloned().collect(), ..Filter::default() }))
}

/// The condition that tag `t` of the organization, whose id has the placeholder `organization`, has one of these values.
fn value_condition(organization: &str, (name, values): (&TagName, Vec<&str>), bound: &mut Bound) -> String {
    let name = bound.value(name.as_str());
    let value = match &values[..] {
        [value] => format!("= {}", bound.value(*value)),
        _ => bound.among_texts(values),
    };
    format!("t.organization_id = {organization} AND t.name = {name} AND t.value {value}")
}

/// `FROM` and `WHERE` of the slice's calls `c` within `spans`, with their series `s`, as `call_sums::from_spans` has them,
/// for a filter with tags; `None` without tags.
pub(super) fn from_tagged_spans(slice: &Slice<'_>, spans: &[CallSpan], bound: &mut Bound) -> Option<String> {
    let (name, values, others) = split(slice.filter)?;
    let SpanTable { table: spans, from, to, ends } = SpanTable::new(spans, bound);
    let organization = bound.value(slice.organization.id.uuid());
    let tagged = value_condition(&organization, (name, values), bound);
    let tagged = format!("{tagged} AND t.call_id >= {from} AND t.call_id < {to}");
    let series = series_condition(slice.scope, slice.filter, bound);
    let others = tag_condition(&organization, &others, bound);
    let of_call = |id: &str| {
        format!(
            "c.organization_id = {organization} AND c.id = {id} AND s.organization_id = {organization} \
             AND s.id = c.series_id AND {series} AND {others}"
        )
    };
    Some(match bound.backend() {
        DbBackend::Postgres => {
            // The bounds tell PostgreSQL the partitions.
            let [first, last] = ends.map(|id| bound.value(id));
            format!(
                "FROM {spans} CROSS JOIN LATERAL (SELECT t.call_id FROM call_tags t WHERE {tagged} \
                 AND t.call_id >= {first} AND t.call_id < {last} OFFSET 0) k CROSS JOIN calls c CROSS JOIN series s \
                 WHERE c.id >= {first} AND c.id < {last} AND {}",
                of_call("k.call_id")
            )
        }
        // SQLite joins the tables in this order.
        _ => format!(
            "FROM {spans} CROSS JOIN call_tags t CROSS JOIN calls c CROSS JOIN series s WHERE {tagged} AND {}",
            of_call("t.call_id")
        ),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn filter(tags: &[&str]) -> Filter {
        Filter { tags: tags.iter().map(|tag| tag.parse().unwrap()).collect(), ..Filter::default() }
    }

    #[test]
    fn calls_are_found_by_one_name_and_asked_for_the_others() {
        let tags = filter(&["team:blue", "customer:acme", "customer:beta"]);
        let (name, values, others) = split(&tags).unwrap();
        assert_eq!((name.as_str(), values), ("customer", vec!["acme", "beta"]));
        assert_eq!(others, filter(&["team:blue"]));
        assert!(split(&Filter::default()).is_none());
    }

    #[test]
    fn one_value_is_compared_and_several_are_one_parameter() {
        let condition = |tags: &[&str]| {
            let filter = filter(tags);
            let (name, values, _) = split(&filter).unwrap();
            value_condition("$9", (name, values), &mut Bound::new(DbBackend::Sqlite))
        };
        assert_eq!(condition(&["customer:acme"]), "t.organization_id = $9 AND t.name = $1 AND t.value = $2");
        assert!(
            condition(&["customer:acme", "customer:beta"]).ends_with("t.value IN (SELECT value FROM json_each($2))")
        );
    }
}
