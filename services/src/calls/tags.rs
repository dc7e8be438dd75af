//! Names and values of tags, to complete a search and to list beside it.
//!
//! Clients choose values, and there may be as many as calls. So the newest tags are counted, up to a limit, and the most
//! frequent names or values listed; any other value is found by typing it whole.

use domain::{
    calls::{CallBounds, CallQuery},
    ids::{CallId, OrganizationId},
    permissions::Permission,
    time::Timestamp,
    usage::{Filter, TagCount, TagCounts, TagName},
};
use sea_orm::{ConnectionTrait, DatabaseConnection, DbBackend, DbErr, QueryResult};

use super::search::bounds_conditions;
use crate::{
    Actor, ServiceResult, Services,
    database::Bound,
    filters,
    kept_calls::kept_since,
    projects::{self, ProjectScope},
    usage::{bounds, series_condition, tag_condition},
};

/// Maximum number of tags that are counted, the newest ones.
const MAX_COUNTED: usize = 10_000;
/// Maximum number of names or values.
const MAX_LISTED: usize = 50;
/// Maximum length of a text that is searched in names and values, in characters; none is longer.
const MAX_TEXT: usize = domain::calls::MAX_TAG_VALUE;

/// Lists the names, with `text` in them, of the tags of calls that match `query`, the most frequent first.
pub async fn tag_names(services: &Services, actor: &Actor, query: &CallQuery, text: &str) -> ServiceResult<TagCounts> {
    count(services, actor, query, None, text).await
}

/// Lists the values of a tag with `text` in them, regardless of case, of calls that match `query`, whatever it asks for in
/// this tag.
pub async fn tag_values(
    services: &Services,
    actor: &Actor,
    query: &CallQuery,
    name: &TagName,
    text: &str,
) -> ServiceResult<TagCounts> {
    count(services, actor, query, Some(name), text).await
}

/// Counts the names of tags, or the values of the one with this name.
async fn count(
    services: &Services,
    actor: &Actor,
    query: &CallQuery,
    values_of: Option<&TagName>,
    text: &str,
) -> ServiceResult<TagCounts> {
    services.wait_until_stored().await;
    let (database, organization) = (services.database.read(), actor.organization.id);
    let scope = projects::scope(database, actor, Permission::ViewLogs).await?;
    filters::check(database, organization, &scope, &query.filter).await?;
    let (from, to) = ends(services, actor, query).await?;
    let search =
        TagSearch { organization, scope: &scope, filter: query.filter.clone(), bounds: &query.bounds, from, to };
    let is_whole = search.is_whole(database).await?;
    let (column, search) = match values_of {
        Some(name) => ("value", search.without(name)),
        None => ("name", search),
    };
    let CountedTags { mut bound, from, mut conditions } = search.counted(database.get_database_backend());
    conditions.extend(values_of.map(|name| format!("k.name = {}", bound.value(name.as_str()))));
    let text: String = text.trim().chars().filter(|c| !c.is_control()).take(MAX_TEXT).collect();
    if !text.is_empty() {
        conditions.push(format!("{} > 0", bound.position(&format!("lower(k.{column})"), &text.to_lowercase())));
    }
    let sql = format!(
        "SELECT k.{column} AS text, count(*) AS calls FROM {from} WHERE {} GROUP BY k.{column} \
         ORDER BY calls DESC, text LIMIT {}",
        conditions.join(" AND "),
        MAX_LISTED + 1
    );
    let rows = database.query_all_raw(bound.statement(sql)).await?;
    let tag = |row: &QueryResult| -> Result<TagCount, DbErr> {
        Ok(TagCount { text: row.try_get("", "text")?, calls: row.try_get("", "calls")? })
    };
    Ok(TagCounts {
        tags: rows.iter().take(MAX_LISTED).map(tag).collect::<Result<_, _>>()?,
        is_complete: is_whole && rows.len() <= MAX_LISTED,
    })
}

/// A search for the tags of calls that match a filter and bounds.
#[derive(Clone, Debug)]
pub(super) struct TagSearch<'a> {
    pub(super) organization: OrganizationId,
    pub(super) scope: &'a ProjectScope,
    pub(super) filter: Filter,
    pub(super) bounds: &'a CallBounds,
    /// Earliest start of the calls, inclusive.
    pub(super) from: Option<Timestamp>,
    /// Latest start of the calls, exclusive.
    pub(super) to: Option<Timestamp>,
}

/// Parts of a statement that counts tags.
#[derive(Debug)]
pub(super) struct CountedTags {
    pub(super) bound: Bound,
    /// The tags `k`, each with `name` and `value`, and what else the conditions are about.
    pub(super) from: String,
    pub(super) conditions: Vec<String>,
}

impl TagSearch<'_> {
    /// This search, whatever it asks for in the tag with this name.
    pub(super) fn without(mut self, name: &TagName) -> Self {
        self.filter.tags.retain(|tag| tag.name != *name);
        self
    }

    /// Whether no tags of the time are too old to be counted.
    pub(super) async fn is_whole(&self, database: &DatabaseConnection) -> ServiceResult<bool> {
        let mut bound = Bound::new(database.get_database_backend());
        let organization = bound.value(self.organization.uuid());
        let newest = self.newest(&organization, &mut bound);
        let counted = bound.statement(format!("SELECT count(*) AS counted FROM {newest}"));
        let counted: i64 = match database.query_one_raw(counted).await? {
            Some(row) => row.try_get("", "counted")?,
            None => 0,
        };
        Ok(usize::try_from(counted).is_ok_and(|counted| counted < MAX_COUNTED))
    }

    /// The newest tags `k` of the time, whatever their names and calls are: a rare name would otherwise be looked for
    /// among all tags. They are read in the order of the index by call, so that no more than these are.
    fn newest(&self, organization: &str, bound: &mut Bound) -> String {
        let mut condition = format!("t.organization_id = {organization}");
        for (comparison, moment) in [(">=", self.from), ("<", self.to)] {
            if let Some(moment) = moment {
                let id = bound.value(CallId::lower_bound(moment).uuid());
                condition.push_str(&format!(" AND t.call_id {comparison} {id}"));
            }
        }
        format!(
            "(SELECT t.name, t.value, t.call_id FROM call_tags t WHERE {condition} \
             ORDER BY t.call_id DESC LIMIT {MAX_COUNTED}) k"
        )
    }

    /// The newest tags, as far as their calls match.
    pub(super) fn counted(&self, backend: DbBackend) -> CountedTags {
        let mut bound = Bound::new(backend);
        let organization = bound.value(self.organization.uuid());
        let mut from = self.newest(&organization, &mut bound);
        let mut conditions = vec!["TRUE".to_owned()];
        let matches_all = *self.scope == ProjectScope::All && self.filter.is_empty();
        if !matches_all || *self.bounds != CallBounds::default() {
            let of_call = format!("c.organization_id = {organization} AND c.id = k.call_id");
            // Each call is looked up by its key: PostgreSQL might read all months otherwise.
            let (calls, of_call) = match backend {
                DbBackend::Postgres => {
                    (format!("LATERAL (SELECT c.* FROM calls c WHERE {of_call} OFFSET 0) c"), "TRUE".to_owned())
                }
                _ => ("calls c".to_owned(), of_call),
            };
            from.push_str(&format!(" CROSS JOIN {calls} CROSS JOIN series s"));
            let series = series_condition(self.scope, &self.filter, &mut bound);
            let tags = tag_condition(&organization, &self.filter, &mut bound);
            conditions.push(format!(
                "{of_call} AND s.organization_id = {organization} AND s.id = c.series_id AND {series} AND {tags}"
            ));
            conditions.extend(bounds_conditions(self.bounds, &mut bound));
        }
        CountedTags { bound, from, conditions }
    }
}

/// The times from and to which the query's calls are, as far as they are kept.
async fn ends(
    services: &Services,
    actor: &Actor,
    query: &CallQuery,
) -> ServiceResult<(Option<Timestamp>, Option<Timestamp>)> {
    let (organization, now) = (&actor.organization, services.now());
    let days = query.range.map(|range| bounds(organization, range, query.time_zone.as_deref(), now)).transpose()?;
    let (first, after) = days.unzip();
    let from = [query.from, first, kept_since(services, organization).await?].into_iter().flatten().max();
    Ok((from, [query.to, after].into_iter().flatten().min()))
}
