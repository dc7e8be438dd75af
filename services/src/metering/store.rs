//! Writes calls and their rollups within a transaction.

use domain::calls::CountSource;
use sea_orm::Value;

use super::{
    CallRecord, MAX_TOKENS, NewSeries, SeriesCache, rollup,
    rows::Rows,
    series::{CallSeries, SeriesPlacement},
};
use crate::{ServiceResult, calls::rare::RareQuantities, database::DatabaseTransaction};

const COLUMNS: usize = 26;

static INSERT: Rows = Rows::new(
    "INSERT INTO calls (organization_id, id, series_id, secret_id, started_at, duration_us, first_byte_us, streamed, \
     reported, estimated, times, tokens_in, cached_tokens_in, cache_write_tokens_in, tokens_out, images, media_ms, \
     byte_hours, cost_nanos, price_id, error_code, rare, model, endpoint, provider, status)",
    COLUMNS,
    String::new,
);

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
    let mut values: Vec<Value> = Vec::with_capacity(calls.len() * COLUMNS);
    for (call, placement) in calls.iter().zip(&placements) {
        values.extend(row(call, placement));
    }
    INSERT.write(transaction, values).await?;
    let series: Vec<CallSeries> = placements.into_iter().map(|placement| placement.series).collect();
    rollup::add(transaction, calls, &series).await?;
    Ok(new)
}

fn row(call: &CallRecord, placement: &SeriesPlacement) -> [Value; COLUMNS] {
    debug_assert!((0..=MAX_TOKENS).contains(&call.used.tokens_in) && (0..=MAX_TOKENS).contains(&call.used.tokens_out));
    [
        call.organization_id.uuid().into(),
        call.id.uuid().into(),
        placement.series.own.into(),
        call.secret_id.uuid().into(),
        call.started_at.millis().into(),
        call.duration_us.into(),
        call.first_byte_us.into(),
        call.streamed.into(),
        // Both columns together mean contradictory.
        matches!(call.measured, CountSource::Reported | CountSource::Contradictory).into(),
        matches!(call.measured, CountSource::Estimated | CountSource::Contradictory).into(),
        i64::from(call.times).into(),
        call.used.tokens_in.into(),
        call.used.cached_tokens_in.into(),
        call.used.cache_write_tokens_in.into(),
        call.used.tokens_out.into(),
        call.used.images.into(),
        call.used.media_ms.into(),
        call.used.byte_hours.into(),
        call.cost.map(|cost| cost.nanos()).into(),
        call.price_id.map(|id| id.uuid()).into(),
        (*call.error_code).into(),
        RareQuantities::to_json(call.used, call.unpriced).into(),
        placement.own_model.then_some(&*call.model).into(),
        placement.own_endpoint.then_some(&*call.endpoint).into(),
        placement.own_provider.then_some(&*call.provider).into(),
        placement.own_status.then_some(i32::from(call.status)).into(),
    ]
}
