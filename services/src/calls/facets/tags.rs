//! Facets of tags: the most frequent names among the newest tags, each with its most frequent values.

use std::collections::BTreeSet;

use domain::{
    calls::{Facet, Facets},
    usage::{Filter, Group, TagName},
};
use sea_orm::{ConnectionTrait, DatabaseConnection};

use super::fold::list_values;
use crate::{
    ServiceResult,
    calls::tags::{CountedTags, TagSearch},
};

/// Values of one tag with their numbers of calls, the most frequent first.
type CountedValues = Vec<(String, i64)>;

/// Counts the calls that match `search` by their tags: first those that it asks for, whose values aren't narrowed by
/// themselves, then the most frequent ones.
pub(super) async fn count_tags(database: &DatabaseConnection, search: &TagSearch<'_>) -> ServiceResult<Vec<Facet>> {
    let backend = database.get_database_backend();
    let names: BTreeSet<TagName> = search.filter.tags.iter().map(|tag| tag.name.clone()).collect();
    let mut counted = search.counted(backend);
    if !names.is_empty() {
        let among = counted.bound.among_texts(names.iter().map(TagName::as_str));
        counted.conditions.push(format!("NOT (k.name {among})"));
    }
    let others = count_values(database, counted, "FALSE").await?;
    let mut facets = Vec::new();
    for name in names.into_iter().take(Facets::MAX_TAGS) {
        let wanted = search.filter.values(&Group::Tag(name.clone()));
        let mut counted = search.clone().without(&name).counted(backend);
        counted.conditions.push(format!("k.name = {}", counted.bound.value(name.as_str())));
        let is_wanted = format!("v.value {}", counted.bound.among_texts(wanted.iter().map(String::as_str)));
        let counts = count_values(database, counted, &is_wanted).await?;
        let mut counts: CountedValues = counts.into_iter().flat_map(|(_, counts)| counts).collect();
        let mut chosen = CountedValues::new();
        for value in wanted {
            let place = counts.iter().position(|(other, _)| *other == value);
            let calls = place.map_or(0, |place| counts.remove(place).1);
            chosen.push((value, calls));
        }
        facets.push(list_values(Group::Tag(name), chosen, counts));
    }
    facets.extend(others.into_iter().map(|(name, counts)| list_values(Group::Tag(name), Vec::new(), counts)));
    facets.truncate(Facets::MAX_TAGS);
    Ok(facets)
}

/// Counts the values of the most frequent tags: their own most frequent ones, and those `v.value` that fulfill the condition
/// `is_wanted`.
async fn count_values(
    database: &DatabaseConnection,
    counted: CountedTags,
    is_wanted: &str,
) -> ServiceResult<Vec<(TagName, CountedValues)>> {
    let CountedTags { bound, from, conditions } = counted;
    // One more than are listed says that there are more, also if those that the filter names are among them.
    let most = Facets::MAX_VALUES + 1 + Filter::MAX_VALUES;
    let sql = format!(
        "SELECT v.name AS name, v.value AS value, v.calls AS calls FROM (SELECT k.name AS name, k.value AS value, \
         count(*) AS calls, sum(count(*)) OVER (PARTITION BY k.name) AS total, \
         row_number() OVER (PARTITION BY k.name ORDER BY count(*) DESC, k.value) AS nth \
         FROM {from} WHERE {} GROUP BY k.name, k.value) v WHERE v.nth <= {most} OR {is_wanted} \
         ORDER BY v.total DESC, v.name, v.nth LIMIT {}",
        conditions.join(" AND "),
        Facets::MAX_TAGS * most
    );
    let mut tags: Vec<(TagName, CountedValues)> = Vec::new();
    for row in database.query_all_raw(bound.statement(sql)).await? {
        let Ok(name) = row.try_get::<String>("", "name")?.parse::<TagName>() else { continue };
        let count = (row.try_get("", "value")?, row.try_get("", "calls")?);
        match tags.last_mut() {
            Some((last, counts)) if *last == name => counts.push(count),
            _ => tags.push((name, vec![count])),
        }
    }
    Ok(tags)
}
