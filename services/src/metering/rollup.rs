//! Sums calls by bucket and series in memory, and adds the sums to the table.
//!
//! Refused calls are counted apart and without their duration: they used nothing and took hardly any time.

use std::{
    collections::{BTreeMap, HashMap},
    sync::LazyLock,
};

use chrono_tz::Tz;
use domain::{calls::Outcome, ids::OrganizationId, time::Timestamp};
use sea_orm::{ConnectionTrait, DbBackend, Value};

use super::{CallRecord, LATENCY_BINS, latency, rows::Rows, series::CallSeries};
use crate::{ServiceResult, database::DatabaseTransaction, random, usage::resolution::Resolution};

const COLUMNS: usize = 17 + LATENCY_BINS;

/// Adds to existing rows. Spend and storage saturate at the limit of 64 bits.
static UPSERT: Rows = Rows::new(
    "INSERT INTO rollups (organization_id, resolution, bucket, series_id, writer, calls, errors, refused, tokens_in, \
     cached_tokens_in, tokens_out, images, media_ms, byte_hours, cost_nanos, unpriced, duration_us, latency_0, latency_1, \
     latency_2, latency_3, latency_4, latency_5, latency_6, latency_7, latency_8, latency_9, latency_10, latency_11, \
     latency_12, latency_13)",
    COLUMNS,
    || {
        let counts = [
            "calls",
            "errors",
            "refused",
            "tokens_in",
            "cached_tokens_in",
            "tokens_out",
            "images",
            "media_ms",
            "unpriced",
            "duration_us",
        ];
        let bins = (0..LATENCY_BINS).map(|bin| format!("latency_{bin}"));
        let sums: String = counts
            .into_iter()
            .map(str::to_owned)
            .chain(bins)
            .map(|column| format!("{column} = rollups.{column} + excluded.{column}, "))
            .collect();
        let saturated = |column: &str| {
            format!(
                "{column} = CASE WHEN rollups.{column} > {max} - excluded.{column} THEN {max} \
                 ELSE rollups.{column} + excluded.{column} END",
                max = i64::MAX
            )
        };
        format!(
            "ON CONFLICT (organization_id, resolution, bucket, series_id, writer) DO UPDATE SET {sums}{}, {}",
            saturated("byte_hours"),
            saturated("cost_nanos")
        )
    },
);

/// Number of this process's own rows on PostgreSQL, so that servers don't wait for each other's locks.
static WRITER: LazyLock<i32> =
    LazyLock::new(|| random::bytes().map_or(1, |bytes| (i32::from_be_bytes(bytes) & i32::MAX).max(1)));

/// A rollup's key without the writer. It sorts like the table's key, in whose order rows are written.
type Key = (OrganizationId, Resolution, Timestamp, i64);

#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
struct Sums {
    calls: i64,
    errors: i64,
    refused: i64,
    tokens_in: i64,
    cached_tokens_in: i64,
    tokens_out: i64,
    images: i64,
    media_ms: i64,
    byte_hours: i64,
    cost_nanos: i64,
    unpriced: i64,
    duration_us: i64,
    latency: [i64; LATENCY_BINS],
}

impl Sums {
    fn add_call(&mut self, call: &CallRecord) {
        let times = i64::from(call.times);
        if call.outcome == Outcome::Refused {
            self.refused += times;
        } else {
            self.calls += times;
            self.errors += if call.outcome == Outcome::Succeeded { 0 } else { times };
            self.duration_us = self.duration_us.saturating_add(call.duration_us.saturating_mul(times));
            self.latency[latency::bin(call.duration_us)] += times;
        }
        self.tokens_in = self.tokens_in.saturating_add(call.used.tokens_in);
        self.cached_tokens_in = self.cached_tokens_in.saturating_add(call.used.cached_tokens_in);
        self.tokens_out = self.tokens_out.saturating_add(call.used.tokens_out);
        self.images = self.images.saturating_add(call.used.images);
        self.media_ms = self.media_ms.saturating_add(call.used.media_ms);
        self.byte_hours = self.byte_hours.saturating_add(call.used.byte_hours);
        self.cost_nanos = self.cost_nanos.saturating_add(call.cost.unwrap_or_default().nanos());
        self.unpriced += i64::from(call.is_unpriced());
    }

    fn add(&mut self, other: &Self) {
        self.calls += other.calls;
        self.errors += other.errors;
        self.refused += other.refused;
        self.tokens_in = self.tokens_in.saturating_add(other.tokens_in);
        self.cached_tokens_in = self.cached_tokens_in.saturating_add(other.cached_tokens_in);
        self.tokens_out = self.tokens_out.saturating_add(other.tokens_out);
        self.images = self.images.saturating_add(other.images);
        self.media_ms = self.media_ms.saturating_add(other.media_ms);
        self.byte_hours = self.byte_hours.saturating_add(other.byte_hours);
        self.cost_nanos = self.cost_nanos.saturating_add(other.cost_nanos);
        self.unpriced += other.unpriced;
        self.duration_us = self.duration_us.saturating_add(other.duration_us);
        for (bin, count) in self.latency.iter_mut().zip(other.latency) {
            *bin += count;
        }
    }
}

/// Sums `calls`, whose series are `series`, into rollups sorted by key.
fn rollups(calls: &[CallRecord], series: &[CallSeries]) -> BTreeMap<Key, Sums> {
    let mut quarters: HashMap<(OrganizationId, Tz, Timestamp, i64), Sums> = HashMap::new();
    for (call, series) in calls.iter().zip(series) {
        let quarter = Resolution::QuarterHour.bucket(call.started_at, call.time_zone);
        quarters.entry((call.organization_id, call.time_zone, quarter, series.rollup)).or_default().add_call(call);
    }
    // Hours and days are summed from quarter hours, for one
    // time-zone calculation per quarter hour instead of per call.
    let mut rollups: BTreeMap<Key, Sums> = BTreeMap::new();
    for ((organization, zone, quarter, series), sums) in quarters {
        for resolution in Resolution::ALL {
            let key = (organization, resolution, resolution.bucket(quarter, zone), series);
            rollups.entry(key).or_default().add(&sums);
        }
    }
    rollups
}

/// Adds `calls`, whose series are `series`, to the rollups of all resolutions.
pub(super) async fn add(
    transaction: &DatabaseTransaction,
    calls: &[CallRecord],
    series: &[CallSeries],
) -> ServiceResult<()> {
    let writer = match transaction.get_database_backend() {
        DbBackend::Postgres => *WRITER,
        // SQLite has one writer at a time anyway, and fewer rows are faster to read.
        _ => 0,
    };
    let rollups = rollups(calls, series);
    let mut values: Vec<Value> = Vec::with_capacity(rollups.len() * COLUMNS);
    for ((organization, resolution, bucket, series), sums) in rollups {
        values.extend([
            organization.uuid().into(),
            resolution.number().into(),
            bucket.millis().into(),
            series.into(),
            writer.into(),
            sums.calls.into(),
            sums.errors.into(),
            sums.refused.into(),
            sums.tokens_in.into(),
            sums.cached_tokens_in.into(),
            sums.tokens_out.into(),
            sums.images.into(),
            sums.media_ms.into(),
            sums.byte_hours.into(),
            sums.cost_nanos.into(),
            sums.unpriced.into(),
            sums.duration_us.into(),
        ]);
        values.extend(sums.latency.map(Value::from));
    }
    Ok(UPSERT.write(transaction, values).await?)
}
