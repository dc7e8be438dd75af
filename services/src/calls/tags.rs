//! Names and values of tags, to complete a search and to list beside it.
//!
//! Clients choose values, and there may be as many as calls. So the newest calls with tags are counted, up to a limit, and
//! the most frequent names or values listed; any other value is found by typing it whole.

use domain::{
    calls::CallQuery,
    ids::CallId,
    permissions::Permission,
    time::Timestamp,
    usage::{TagCount, TagCounts, TagName},
};
use sea_orm::{ConnectionTrait, DbBackend, DbErr, QueryResult};

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
/// Maximum length of a text that is searched in values, in characters; values aren't longer.
const MAX_TEXT: usize = domain::calls::MAX_TAG_VALUE;

/// Lists the names of the tags of calls that match `query`, the most frequent first.
pub async fn tag_names(services: &Services, actor: &Actor, query: &CallQuery) -> ServiceResult<TagCounts> {
    count(services, actor, query, None).await
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
    count(services, actor, query, Some((name, text))).await
}

async fn count(
    services: &Services,
    actor: &Actor,
    query: &CallQuery,
    values_of: Option<(&TagName, &str)>,
) -> ServiceResult<TagCounts> {
    services.wait_until_stored().await;
    let (database, organization) = (services.database.read(), &actor.organization);
    let scope = projects::scope(database, actor, Permission::ViewLogs).await?;
    filters::check(database, organization.id, &scope, &query.filter).await?;
    let mut filter = query.filter.clone();
    filter.tags.retain(|tag| values_of.is_none_or(|(name, _)| tag.name != *name));
    let (from, to) = ends(services, actor, query).await?;
    let mut bound = Bound::new(database.get_database_backend());
    let organization = bound.value(organization.id.uuid());
    let mut newest = format!("t.organization_id = {organization}");
    for (comparison, moment) in [(">=", from), ("<", to)] {
        if let Some(moment) = moment {
            let id = bound.value(CallId::lower_bound(moment).uuid());
            newest.push_str(&format!(" AND t.call_id {comparison} {id}"));
        }
    }
    if let Some((name, _)) = values_of {
        newest.push_str(&format!(" AND t.name = {}", bound.value(name.as_str())));
    }
    // Read in the order of the index by call, so that no more than this are.
    let newest = format!(
        "(SELECT t.name, t.value, t.call_id FROM call_tags t WHERE {newest} ORDER BY t.call_id DESC LIMIT {MAX_COUNTED}) k"
    );
    let counted = bound.clone().statement(format!("SELECT count(*) AS counted FROM {newest}"));
    let counted: i64 = match database.query_one_raw(counted).await? {
        Some(row) => row.try_get("", "counted")?,
        None => 0,
    };
    let (mut from, mut conditions) = (newest, Vec::new());
    let column = match values_of {
        Some((_, text)) => {
            let text: String = text.trim().chars().filter(|c| !c.is_control()).take(MAX_TEXT).collect();
            if !text.is_empty() {
                conditions.push(format!("{} > 0", bound.position("lower(k.value)", &text.to_lowercase())));
            }
            "value"
        }
        None => "name",
    };
    if scope != ProjectScope::All || !filter.is_empty() {
        let of_call = format!("c.organization_id = {organization} AND c.id = k.call_id");
        // Each call is looked up by its key: PostgreSQL might read all months otherwise.
        let (calls, of_call) = match bound.backend() {
            DbBackend::Postgres => (
                format!("LATERAL (SELECT c.id, c.series_id FROM calls c WHERE {of_call} OFFSET 0) c"),
                "TRUE".to_owned(),
            ),
            _ => ("calls c".to_owned(), of_call),
        };
        from.push_str(&format!(" CROSS JOIN {calls} CROSS JOIN series s"));
        let series = series_condition(&scope, &filter, &mut bound);
        let tags = tag_condition(&organization, &filter, &mut bound);
        conditions.push(format!(
            "{of_call} AND s.organization_id = {organization} AND s.id = c.series_id AND {series} AND {tags}"
        ));
    }
    let condition = if conditions.is_empty() { "TRUE".to_owned() } else { conditions.join(" AND ") };
    let sql = format!(
        "SELECT k.{column} AS text, count(*) AS calls FROM {from} WHERE {condition} GROUP BY k.{column} \
         ORDER BY calls DESC, text LIMIT {}",
        MAX_LISTED + 1
    );
    let rows = database.query_all_raw(bound.statement(sql)).await?;
    let tag = |row: &QueryResult| -> Result<TagCount, DbErr> {
        Ok(TagCount { text: row.try_get("", "text")?, calls: row.try_get("", "calls")? })
    };
    Ok(TagCounts {
        tags: rows.iter().take(MAX_LISTED).map(tag).collect::<Result<_, _>>()?,
        is_complete: rows.len() <= MAX_LISTED && usize::try_from(counted).is_ok_and(|counted| counted < MAX_COUNTED),
    })
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
