//! Sums calls by bucket and series in memory, and adds the sums to the table.
//!
//! Refused calls are counted apart and without their duration: they used nothing and took hardly any time.

use std::{
    array,
    collections::{BTreeMap, HashMap},
    sync::LazyLock,
};

use chrono_tz::Tz;
use domain::{calls::Outcome, ids::OrganizationId, time::Timestamp, usage::LATENCY_BINS};
use sea_orm::{ConnectionTrait, DbBackend};
use serde_json::{Value, json};

use super::{
    CallRecord, latency,
    rows::{ColumnType, RowInsert},
};
use crate::{ServiceResult, database::DatabaseTransaction, random, usage::resolution::Resolution};

/// Number of columns at the beginning of [`COLUMNS`] that are the table's key.
const KEY_COLUMNS: usize = 5;

const COLUMNS: [(&str, ColumnType); KEY_COLUMNS + 12 + 2 * LATENCY_BINS] = [
    ("organization_id", ColumnType::Id),
    ("resolution", ColumnType::Number),
    ("bucket", ColumnType::Number),
    ("series_id", ColumnType::Number),
    ("writer", ColumnType::Number),
    ("calls", ColumnType::Number),
    ("errors", ColumnType::Number),
    ("refused", ColumnType::Number),
    ("tokens_in", ColumnType::Number),
    ("cached_tokens_in", ColumnType::Number),
    ("tokens_out", ColumnType::Number),
    ("images", ColumnType::Number),
    ("media_ms", ColumnType::Number),
    ("byte_hours", ColumnType::Number),
    ("cost_nanos", ColumnType::Number),
    ("unpriced", ColumnType::Number),
    ("duration_us", ColumnType::Number),
    ("latency_0", ColumnType::Number),
    ("latency_1", ColumnType::Number),
    ("latency_2", ColumnType::Number),
    ("latency_3", ColumnType::Number),
    ("latency_4", ColumnType::Number),
    ("latency_5", ColumnType::Number),
    ("latency_6", ColumnType::Number),
    ("latency_7", ColumnType::Number),
    ("latency_8", ColumnType::Number),
    ("latency_9", ColumnType::Number),
    ("latency_10", ColumnType::Number),
    ("latency_11", ColumnType::Number),
    ("latency_12", ColumnType::Number),
    ("latency_13", ColumnType::Number),
    ("first_byte_0", ColumnType::Number),
    ("first_byte_1", ColumnType::Number),
    ("first_byte_2", ColumnType::Number),
    ("first_byte_3", ColumnType::Number),
    ("first_byte_4", ColumnType::Number),
    ("first_byte_5", ColumnType::Number),
    ("first_byte_6", ColumnType::Number),
    ("first_byte_7", ColumnType::Number),
    ("first_byte_8", ColumnType::Number),
    ("first_byte_9", ColumnType::Number),
    ("first_byte_10", ColumnType::Number),
    ("first_byte_11", ColumnType::Number),
    ("first_byte_12", ColumnType::Number),
    ("first_byte_13", ColumnType::Number),
];

/// Adds to existing rows.
static UPSERT: RowInsert<{ COLUMNS.len() }> = RowInsert { table: "rollups", columns: COLUMNS, tail: on_conflict };

/// Names of the columns that are summed.
pub(super) fn summed_columns() -> impl Iterator<Item = &'static str> {
    COLUMNS.iter().skip(KEY_COLUMNS).map(|(column, _)| *column)
}

fn on_conflict() -> String {
    let key = COLUMNS.iter().take(KEY_COLUMNS).map(|(column, _)| *column).collect::<Vec<_>>().join(", ");
    let sums = summed_columns().map(|column| match column {
        // Spend and storage saturate at the limit of 64 bits.
        "byte_hours" | "cost_nanos" => format!(
            "{column} = CASE WHEN rollups.{column} > {max} - excluded.{column} THEN {max} \
             ELSE rollups.{column} + excluded.{column} END",
            max = i64::MAX
        ),
        _ => format!("{column} = rollups.{column} + excluded.{column}"),
    });
    format!("ON CONFLICT ({key}) DO UPDATE SET {}", sums.collect::<Vec<_>>().join(", "))
}

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
    /// Of calls whose first byte has a time.
    first_byte: [i64; LATENCY_BINS],
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
            if let Some(first_byte_us) = call.first_byte_us {
                self.first_byte[latency::bin(first_byte_us)] += times;
            }
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
        let bins = self.latency.iter_mut().chain(&mut self.first_byte);
        for (bin, count) in bins.zip(other.latency.into_iter().chain(other.first_byte)) {
            *bin += count;
        }
    }
}

/// Sums `calls`, whose series are `series`, into rollups sorted by key.
fn rollups(calls: &[CallRecord], series: &[i64]) -> BTreeMap<Key, Sums> {
    let mut quarters: HashMap<(OrganizationId, Tz, Timestamp, i64), Sums> = HashMap::new();
    for (call, series) in calls.iter().zip(series) {
        let quarter = Resolution::QuarterHour.bucket(call.started_at, call.time_zone);
        quarters.entry((call.organization_id, call.time_zone, quarter, *series)).or_default().add_call(call);
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
pub(super) async fn add(transaction: &DatabaseTransaction, calls: &[CallRecord], series: &[i64]) -> ServiceResult<()> {
    let writer = match transaction.get_database_backend() {
        DbBackend::Postgres => *WRITER,
        // SQLite has one writer at a time anyway, and fewer rows are faster to read.
        _ => 0,
    };
    let rollups = rollups(calls, series);
    let rows = rollups.into_iter().map(|(key, sums)| row(key, writer, &sums)).collect();
    Ok(UPSERT.write(transaction, rows).await?)
}

/// The values of [`COLUMNS`].
fn row((organization, resolution, bucket, series): Key, writer: i32, sums: &Sums) -> [Value; COLUMNS.len()] {
    let key = [
        json!(organization.uuid().simple()),
        json!(resolution.number()),
        json!(bucket.millis()),
        json!(series),
        json!(writer),
    ];
    let counts = [
        sums.calls,
        sums.errors,
        sums.refused,
        sums.tokens_in,
        sums.cached_tokens_in,
        sums.tokens_out,
        sums.images,
        sums.media_ms,
        sums.byte_hours,
        sums.cost_nanos,
        sums.unpriced,
        sums.duration_us,
    ];
    let mut values =
        key.into_iter().chain(counts.into_iter().chain(sums.latency).chain(sums.first_byte).map(Value::from));
    array::from_fn(|_| values.next().unwrap_or_default())
}
