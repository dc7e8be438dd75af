//! Writes calls and their rollups within a transaction.

use std::iter::zip;

use domain::{calls::CountSource, usage::TagName};
use serde_json::{Value, json};
use uuid::Uuid;

use super::{
    CallRecord, MAX_TOKENS, NewSeries, SeriesCache, rollup,
    rows::{ColumnType, RowInsert},
    series::SeriesPlacement,
};
use crate::{
    ServiceResult,
    calls::rare::{CallStory, RareProperties},
    database::DatabaseTransaction,
    stored_tags,
};

const COLUMNS: usize = 27;

static INSERT: RowInsert<COLUMNS> = RowInsert {
    table: "calls",
    columns: [
        ("organization_id", ColumnType::Id),
        ("id", ColumnType::Id),
        ("series_id", ColumnType::Number),
        ("secret_id", ColumnType::Id),
        ("started_at", ColumnType::Number),
        ("duration_us", ColumnType::Number),
        ("first_byte_us", ColumnType::Number),
        ("streamed", ColumnType::Flag),
        ("reported", ColumnType::Flag),
        ("estimated", ColumnType::Flag),
        ("times", ColumnType::Number),
        ("tokens_in", ColumnType::Number),
        ("cached_tokens_in", ColumnType::Number),
        ("cache_write_tokens_in", ColumnType::Number),
        ("tokens_out", ColumnType::Number),
        ("images", ColumnType::Number),
        ("media_ms", ColumnType::Number),
        ("byte_hours", ColumnType::Number),
        ("cost_nanos", ColumnType::Number),
        ("price_id", ColumnType::Id),
        ("error_code", ColumnType::Text),
        ("rare", ColumnType::Text),
        ("model", ColumnType::Text),
        ("endpoint", ColumnType::Text),
        ("provider", ColumnType::Text),
        ("status", ColumnType::Number),
        ("tags", ColumnType::Text),
    ],
    tail: String::new,
};

/// The request IDs that clients gave their calls.
static CLIENT_REQUESTS: RowInsert<3> = RowInsert {
    table: "client_requests",
    columns: [("organization_id", ColumnType::Id), ("call_id", ColumnType::Id), ("request_id", ColumnType::Text)],
    tail: String::new,
};

/// The tags that clients gave their calls, by which calls are found.
static CALL_TAGS: RowInsert<4> = RowInsert {
    table: "call_tags",
    columns: [
        ("organization_id", ColumnType::Id),
        ("name", ColumnType::Text),
        ("value", ColumnType::Text),
        ("call_id", ColumnType::Id),
    ],
    tail: String::new,
};

/// Stores `calls` and adds them to the rollups. A thousand at a time is a good size.
///
/// A call whose id is already stored is an error ([`crate::ServiceError::Conflict`]); the transaction must
/// not be committed then. Commit it, then add its series to the cache:
///
/// ```text
/// let new = store(&transaction, &series, &calls).await?;
/// transaction.commit().await?;
/// new.commit_to(&series);
/// ```
pub async fn store(
    transaction: &DatabaseTransaction,
    series: &SeriesCache,
    calls: &[CallRecord],
) -> ServiceResult<NewSeries> {
    let (placements, new) = series.intern(transaction, calls).await?;
    let rows = zip(calls, &placements).map(|(call, placement)| row(call, placement)).collect();
    INSERT.write(transaction, rows).await?;
    CALL_TAGS.write(transaction, tags(calls)).await?;
    CLIENT_REQUESTS.write(transaction, client_requests(calls)).await?;
    let series: Vec<i64> = placements.into_iter().map(|placement| placement.series).collect();
    rollup::add(transaction, calls, &series).await?;
    Ok(new)
}

/// The rows of calls whose clients gave them a request ID.
fn client_requests(calls: &[CallRecord]) -> Vec<[Value; 3]> {
    let row = |call: &CallRecord| {
        let request = call.client_request_id.as_ref()?;
        Some([json!(call.organization_id.uuid().simple()), json!(call.id.uuid().simple()), json!(request)])
    };
    calls.iter().filter_map(row).collect()
}

/// A row for each tag of each call.
fn tags(calls: &[CallRecord]) -> Vec<[Value; 4]> {
    let rows = |call: &CallRecord| {
        let (organization, id) = (json!(call.organization_id.uuid().simple()), json!(call.id.uuid().simple()));
        let row =
            |(name, value): (&TagName, &str)| [organization.clone(), json!(name.as_str()), json!(value), id.clone()];
        call.tags.iter().map(row).collect::<Vec<_>>()
    };
    calls.iter().flat_map(rows).collect()
}

/// What happened to a call, as far as that is rare.
fn story(call: &CallRecord) -> CallStory {
    CallStory {
        rejection: call.rejection.clone(),
        attempts: call.attempts.clone(),
        body_exclusion: call.body_exclusion,
    }
}

fn row(call: &CallRecord, placement: &SeriesPlacement) -> [Value; COLUMNS] {
    debug_assert!((0..=MAX_TOKENS).contains(&call.used.tokens_in) && (0..=MAX_TOKENS).contains(&call.used.tokens_out));
    let id = |id: Uuid| json!(id.simple());
    [
        id(call.organization_id.uuid()),
        id(call.id.uuid()),
        json!(placement.series),
        id(call.secret_id.uuid()),
        json!(call.started_at.millis()),
        json!(call.duration_us),
        json!(call.first_byte_us),
        json!(call.streamed),
        // Both columns together mean contradictory.
        json!(matches!(call.measured, CountSource::Reported | CountSource::Contradictory)),
        json!(matches!(call.measured, CountSource::Estimated | CountSource::Contradictory)),
        json!(call.times),
        json!(call.used.tokens_in),
        json!(call.used.cached_tokens_in),
        json!(call.used.cache_write_tokens_in),
        json!(call.used.tokens_out),
        json!(call.used.images),
        json!(call.used.media_ms),
        json!(call.used.byte_hours),
        json!(call.cost.map(|cost| cost.nanos())),
        json!(call.price_id.map(|id| id.uuid().simple())),
        json!(call.error_code),
        json!(RareProperties::new(call.used, call.unpriced).with_story(story(call)).to_json()),
        json!(placement.own_model.then_some(&*call.model)),
        json!(placement.own_endpoint.then_some(&*call.endpoint)),
        json!(placement.own_provider.then_some(&*call.provider)),
        json!(placement.own_status.then_some(call.status)),
        json!(stored_tags::to_json(&call.tags)),
    ]
}
