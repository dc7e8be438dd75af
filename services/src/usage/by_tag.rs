//! Usage by the values of a tag, summed from calls.
//!
//! Tags aren't dimensions of series: clients choose their values, and each would be a series with rollups of its own. So
//! however many there are, series and rollups stay as they are. What is summed here is bounded by the longest range, and
//! what leaves the database by [`MAX_TAG_GROUPS`]: it adds up all values beyond them itself.

use domain::{
    errors::FieldErrors,
    time::Timestamp,
    usage::{Distribution, Filter, Group, LATENCY_BINS, MAX_TAG_GROUPS, Metric, OTHER_TAG_VALUES, TagName, UsageQuery},
};
use futures::TryStreamExt;
use sea_orm::{DatabaseConnection, DbBackend, FromQueryResult, StreamTrait};
use tokio::sync::Semaphore;

use super::{
    buckets::{Buckets, day_around},
    call_sums::{call_value, from_spans},
    grouped_sums::{GroupedSum, Selection},
    sources::Sources,
    sums::{Columns, Histogram, Slice, histogram_columns, sum, sum_columns},
};
use crate::{
    Organization, ServiceError, ServiceResult, database::Bound, kept_calls::kept_since_at, projects::ProjectScope,
    zones,
};

/// Maximum number of reports by a tag that read calls at once, of which each may have millions; others wait. Each takes a core and a
/// connection to the database for seconds, so that pages of usage must not take them all.
const MAX_READS: usize = 2;

static READS: Semaphore = Semaphore::const_new(MAX_READS);

/// The columns that [`Columns`] reads.
const SUMS: [&str; 14] = [
    "calls",
    "errors",
    "refused",
    "tokens_in",
    "cached_tokens_in",
    "tokens_out",
    "images",
    "unpriced",
    "video_ms",
    "audio_ms",
    "cost_nanos_parts",
    "cost_nanos_rest",
    "byte_hours_parts",
    "byte_hours_rest",
];

/// The values of a tag that a report tells apart. All others are one group.
#[derive(Clone, Copy, Debug)]
pub(super) enum TagGroups<'a> {
    /// The [`MAX_TAG_GROUPS`] values with the most of this metric.
    Largest(Metric),
    /// The values with a series in the report, in an earlier range that it is compared with.
    Named(&'a [&'a str]),
}

/// Whether a query is answered from calls because of a tag.
pub(super) fn is_by_tag(query: &UsageQuery) -> bool {
    matches!(query.group, Group::Tag(_)) || !query.filter.tags.is_empty()
}

/// Rejects a query by tags that calls can't answer; `begin` is the first moment that is read, of the range or of the one
/// that it is compared with.
///
/// # Errors
/// The fields `group` and `tag` are invalid if the range is longer than [`Group::MAX_TAG_DAYS`]; the field `range` is if
/// there were calls that are deleted by now, without which the sums would be too low.
pub(super) async fn check(
    database: &DatabaseConnection,
    organization: &Organization,
    query: &UsageQuery,
    begin: Timestamp,
    now: Timestamp,
) -> ServiceResult<()> {
    if !is_by_tag(query) {
        return Ok(());
    }
    let max = Group::MAX_TAG_DAYS;
    let mut errors = FieldErrors::default();
    if query.range.most_days() > max {
        if matches!(query.group, Group::Tag(_)) {
            errors.add("group", format!("Choose a range of at most {max} days to group by a tag."));
        }
        if !query.filter.tags.is_empty() {
            errors.add("tag", format!("Choose a range of at most {max} days to filter by a tag."));
        }
    }
    errors.into_result()?;
    let since = kept_since_at(database, organization, now).await?;
    let Some(since) = since.filter(|since| begin < *since) else { return Ok(()) };
    let zone = organization.time_zone;
    let [begin_of_day, _] = day_around(begin, zone);
    let sources = Sources::of(&Buckets { starts: vec![begin_of_day], end: since }, true, zone);
    let (scope, filter) = (ProjectScope::All, Filter::default());
    let deleted = Selection { organization, sources: &sources, scope: &scope, filter: &filter };
    if deleted.total(database).await?.is_zero() {
        return Ok(());
    }
    let date = zones::date(since, zone);
    let message = format!(
        "Usage by tag is read from calls, and those before {date} are deleted. Choose a range that begins then or later."
    );
    Err(FieldErrors::of("range", message).into())
}

/// Streams the sums by bucket and value of a tag to `each`: those of the values in `groups`, those of calls without the tag,
/// whose key is empty, and those of all other values together, whose key is [`OTHER_TAG_VALUES`].
///
/// One statement does it, so that calls which are stored meanwhile count everywhere or nowhere.
pub(super) async fn for_each_tag_sum(
    database: &DatabaseConnection,
    selection: &Selection<'_>,
    tag: &TagName,
    groups: TagGroups<'_>,
    histogram: Option<Histogram>,
    mut each: impl FnMut(GroupedSum) + Send,
) -> ServiceResult<()> {
    let sources = selection.sources;
    if sources.spans.is_empty() {
        return Ok(());
    }
    let slice = Slice {
        organization: selection.organization,
        cover: &sources.cover,
        scope: selection.scope,
        filter: selection.filter,
    };
    let _turn = READS.acquire().await.map_err(|error| ServiceError::Internal(error.to_string()))?;
    let mut bound = Bound::new(database.get_database_backend());
    let from = from_spans(&slice, &sources.spans, &mut bound);
    let (metric, is_told_apart) = match groups {
        TagGroups::Largest(metric) => (metric, format!("k.nth <= {MAX_TAG_GROUPS}")),
        TagGroups::Named(values) => {
            (Metric::default(), format!("k.grouping {}", bound.among_texts(values.iter().copied())))
        }
    };
    let (value, rest) = (value(tag, bound.backend()), bound.value(OTHER_TAG_VALUES));
    let bins =
        histogram.map_or_else(String::new, |histogram| format!(", {}", histogram_columns(histogram, call_value)));
    let bin_names = histogram.map(|histogram| (0..LATENCY_BINS).map(move |bin| format!("{}{bin}", histogram.prefix())));
    let names = SUMS.into_iter().map(str::to_owned).chain(bin_names.into_iter().flatten());
    let sums = names.map(|name| sum(&format!("k.{name}"), &name)).collect::<Vec<_>>().join(", ");
    // Values are ranked by windows: PostgreSQL has no statistics of what the calls hold, and would join by nested loops. Calls
    // without the tag come last, so that they take no place.
    let sql = format!(
        "WITH tagged AS MATERIALIZED (SELECT p.place AS place, {value} AS grouping, {}{bins} {from} GROUP BY 1, 2), \
         totals AS (SELECT t.*, {} AS total, sum(t.calls) OVER w AS total_calls FROM tagged t \
         WINDOW w AS (PARTITION BY t.grouping)), \
         ranked AS (SELECT t.*, dense_rank() OVER (ORDER BY CASE WHEN t.grouping = '' THEN 1 ELSE 0 END, t.total DESC, \
         t.total_calls DESC, t.grouping) AS nth FROM totals t) \
         SELECT k.place AS place, CASE WHEN k.grouping = '' OR {is_told_apart} THEN k.grouping \
         ELSE {rest} END AS grouping, {sums} FROM ranked k GROUP BY 1, 2",
        sum_columns(call_value),
        metric_sum(metric),
    );
    let mut rows = database.stream_raw(bound.statement(sql)).await?;
    while let Some(row) = rows.try_next().await? {
        let durations: Distribution = histogram.map(|histogram| histogram.read(&row)).transpose()?.unwrap_or_default();
        let place: i64 = row.try_get("", "place")?;
        let Some(span) = usize::try_from(place).ok().and_then(|place| sources.spans.get(place)) else { continue };
        each(GroupedSum {
            bucket: span.bucket,
            key: row.try_get("", "grouping")?,
            measures: Columns::from_query_result(&row, "")?.into(),
            durations,
        });
    }
    Ok(())
}

/// The expression over calls `c` for their value of a tag; empty without it. A tag's name needs no escaping.
fn value(tag: &TagName, backend: DbBackend) -> String {
    match backend {
        DbBackend::Postgres => format!("coalesce(c.tags::jsonb ->> '{tag}', '')"),
        _ => format!("coalesce(c.tags ->> '$.\"{tag}\"', '')"),
    }
}

/// The expression over rows `t` with [`SUMS`] for the measure by which values are ranked, as `Measures::get` has it,
/// summed over the window `w` of a value.
fn metric_sum(metric: Metric) -> &'static str {
    match metric {
        Metric::Spend => "sum(t.cost_nanos_parts) OVER w * 1000000000 + sum(t.cost_nanos_rest) OVER w",
        Metric::Tokens => "sum(t.tokens_in) OVER w + sum(t.tokens_out) OVER w",
        Metric::InputTokens => "sum(t.tokens_in) OVER w",
        Metric::CachedTokens => "sum(t.cached_tokens_in) OVER w",
        Metric::OutputTokens => "sum(t.tokens_out) OVER w",
        Metric::Calls | Metric::Latency | Metric::FirstToken => "sum(t.calls) OVER w",
        Metric::Errors => "sum(t.errors) OVER w",
        Metric::Rejected => "sum(t.refused) OVER w",
        Metric::Images => "sum(t.images) OVER w",
        Metric::VideoMinutes => "sum(t.video_ms) OVER w",
        Metric::AudioMinutes => "sum(t.audio_ms) OVER w",
        Metric::Storage => "sum(t.byte_hours_parts) OVER w * 1000000000 + sum(t.byte_hours_rest) OVER w",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_is_read_from_the_calls_own_tags() {
        let tag = "customer-id".parse().unwrap();
        assert_eq!(value(&tag, DbBackend::Sqlite), "coalesce(c.tags ->> '$.\"customer-id\"', '')");
        assert_eq!(value(&tag, DbBackend::Postgres), "coalesce(c.tags::jsonb ->> 'customer-id', '')");
    }

    #[test]
    fn queries_by_tag_are_those_that_group_or_filter_by_one() {
        let grouped = UsageQuery { group: "tag.customer".parse().unwrap(), ..UsageQuery::default() };
        let mut filtered = UsageQuery::default();
        assert!(is_by_tag(&grouped) && !is_by_tag(&filtered));
        filtered.filter.tags.push("customer:acme".parse().unwrap());
        assert!(is_by_tag(&filtered));
    }
}
