//! Writes calls and their rollups within a transaction.

use domain::calls::Measured;
use sea_orm::Value;

use super::{
    CallRecord, MOST_TOKENS, NewSeries, SeriesCache, rollup,
    rows::Rows,
    series::{CallSeries, Place},
};
use crate::ServiceResult;
use crate::calls::rare::Rare;
use crate::database::DatabaseTransaction;

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
/// A call whose id is stored already is an error ([`crate::ServiceError::Conflict`]), and nothing may be committed
/// then. Commit the transaction, then keep the series it made:
///
/// ```text
/// let new = store(&transaction, &series, &calls).await?;
/// transaction.commit().await?;
/// new.keep(&series);
/// ```
pub async fn store(
    transaction: &DatabaseTransaction,
    series: &SeriesCache,
    calls: &[CallRecord],
) -> ServiceResult<NewSeries> {
    let (places, new) = series.intern(transaction, calls).await?;
    let mut values: Vec<Value> = Vec::with_capacity(calls.len() * COLUMNS);
    for (call, place) in calls.iter().zip(&places) {
        values.extend(row(call, place));
    }
    INSERT.write(transaction, values).await?;
    let series: Vec<CallSeries> = places.into_iter().map(|place| place.series).collect();
    rollup::add(transaction, calls, &series).await?;
    Ok(new)
}

fn row(call: &CallRecord, place: &Place) -> [Value; COLUMNS] {
    debug_assert!(
        (0..=MOST_TOKENS).contains(&call.used.tokens_in) && (0..=MOST_TOKENS).contains(&call.used.tokens_out)
    );
    [
        call.organization_id.uuid().into(),
        call.id.uuid().into(),
        place.series.own.into(),
        call.secret_id.uuid().into(),
        call.started_at.millis().into(),
        call.duration_us.into(),
        call.first_byte_us.into(),
        call.streamed.into(),
        // Both together: contradictory.
        matches!(call.measured, Measured::Reported | Measured::Contradictory).into(),
        matches!(call.measured, Measured::Estimated | Measured::Contradictory).into(),
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
        Rare::text(call.used, call.unpriced).into(),
        place.says_model.then_some(&*call.model).into(),
        place.says_endpoint.then_some(&*call.endpoint).into(),
        place.says_provider.then_some(&*call.provider).into(),
        place.says_status.then_some(i32::from(call.status)).into(),
    ]
}
