//! Sums of rollups, for reports and breakdowns.

use domain::{
    calls::Outcome,
    models::Service,
    money::Money,
    usage::{Distribution, Filter, Group, LATENCY_BINS, Measures},
};
use sea_orm::{ConnectionTrait, DbBackend, DbErr, FromQueryResult, QueryResult};
use serde_json::json;

use super::{
    conditions::series_condition,
    cover::{Cover, Stretch},
};
use crate::{
    Actor, Organization, ServiceResult, Services, database::Bound, entities::series::ANY_OUTCOME,
    projects::ProjectScope,
};

/// Parts in which costs and storage are summed, so that a sum of values near the limit of 64 bits doesn't overflow.
const PART: i64 = 1_000_000_000;

/// Columns that are summed as they are.
const COUNTS: [&str; 8] =
    ["calls", "errors", "refused", "tokens_in", "cached_tokens_in", "tokens_out", "images", "unpriced"];

/// The rollups to sum.
pub(crate) struct Slice<'a> {
    pub(crate) organization: &'a Organization,
    pub(crate) cover: &'a Cover,
    pub(crate) scope: &'a ProjectScope,
    pub(crate) filter: &'a Filter,
}

/// The row of a query with [`columns`].
#[derive(FromQueryResult)]
pub(super) struct Columns {
    calls: i64,
    errors: i64,
    refused: i64,
    tokens_in: i64,
    cached_tokens_in: i64,
    tokens_out: i64,
    images: i64,
    unpriced: i64,
    video_ms: i64,
    audio_ms: i64,
    cost_nanos_parts: i64,
    cost_nanos_rest: i64,
    byte_hours_parts: i64,
    byte_hours_rest: i64,
}

impl From<Columns> for Measures {
    fn from(sums: Columns) -> Self {
        Self {
            calls: sums.calls,
            errors: sums.errors,
            refused: sums.refused,
            tokens_in: sums.tokens_in,
            cached_tokens_in: sums.cached_tokens_in,
            tokens_out: sums.tokens_out,
            images: sums.images,
            video_ms: sums.video_ms,
            audio_ms: sums.audio_ms,
            byte_hours: join_parts(sums.byte_hours_parts, sums.byte_hours_rest),
            spend: Money::from_nanos(join_parts(sums.cost_nanos_parts, sums.cost_nanos_rest)),
            unpriced: sums.unpriced,
        }
    }
}

/// The sum whose whole parts and rest were summed apart; it saturates.
fn join_parts(parts: i64, rest: i64) -> i64 {
    i64::try_from(i128::from(parts) * i128::from(PART) + i128::from(rest)).unwrap_or(i64::MAX)
}

/// The columns of a histogram of durations.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Histogram {
    Latency,
    FirstByte,
}

impl Histogram {
    pub(super) const ALL: [Self; 2] = [Self::Latency, Self::FirstByte];

    /// What a bin's column begins with, before the bin's number.
    pub(super) const fn prefix(self) -> &'static str {
        match self {
            Self::Latency => "latency_",
            Self::FirstByte => "first_byte_",
        }
    }

    /// Reads the row of a query with [`histogram_columns`].
    pub(super) fn read(self, row: &QueryResult) -> Result<Distribution, DbErr> {
        let mut bins = [0; LATENCY_BINS];
        for (bin, count) in bins.iter_mut().enumerate() {
            *count = row.try_get("", &format!("{}{bin}", self.prefix()))?;
        }
        Ok(Distribution(bins))
    }
}

/// The column of `series s` that a group stands for; empty for tags, which series don't have.
pub(super) const fn column(group: &Group) -> &'static str {
    match group {
        Group::Model => "s.model",
        Group::ApiKey => "s.api_key_id",
        Group::Project => "s.project_id",
        Group::Member => "s.member_id",
        Group::Service => "s.service",
        Group::Endpoint => "s.endpoint",
        Group::Provider => "s.provider",
        Group::Status => "s.status",
        Group::Tag(_) => "''",
    }
}

/// The sums of `rollups r` and their series `s` that [`Columns`] reads.
pub(super) fn columns() -> String {
    sum_columns(|column| format!("r.{column}"))
}

/// The sums that [`Columns`] reads, of rows whose `value` of each column of rollups is given as an expression.
pub(super) fn sum_columns(value: impl Fn(&str) -> String) -> String {
    let mut columns: Vec<String> = COUNTS.into_iter().map(|name| sum(&value(name), name)).collect();
    for (service, name) in [(Service::Video, "video_ms"), (Service::Audio, "audio_ms")] {
        let of_service = format!("CASE WHEN s.service = '{service}' THEN {} ELSE 0 END", value("media_ms"));
        columns.push(sum(&of_service, name));
    }
    for name in ["cost_nanos", "byte_hours"] {
        columns.push(sum(&format!("{} / {PART}", value(name)), &format!("{name}_parts")));
        columns.push(sum(&format!("{} % {PART}", value(name)), &format!("{name}_rest")));
    }
    columns.join(", ")
}

/// The sums that [`Histogram::read`] reads, with expressions like those of [`sum_columns`].
pub(super) fn histogram_columns(histogram: Histogram, value: impl Fn(&str) -> String) -> String {
    let column = |bin| format!("{}{bin}", histogram.prefix());
    (0..LATENCY_BINS).map(|bin| sum(&value(&column(bin)), &column(bin))).collect::<Vec<_>>().join(", ")
}

/// The sum of `expression` as the column `name`.
pub(super) fn sum(expression: &str, name: &str) -> String {
    // PostgreSQL sums to `numeric`, and the sum of nothing is NULL.
    format!("CAST(coalesce(sum({expression}), 0) AS bigint) AS {name}")
}

/// `FROM` and `WHERE` of the slice's rollups `r` with their series
/// `s`. Each stretch `p` is looked up in the rollups' index.
pub(super) fn from(slice: &Slice<'_>, bound: &mut Bound) -> String {
    from_stretches(slice, &slice.cover.stretches, bound)
}

/// Like [`from`], for some stretches of the slice.
pub(super) fn from_stretches(slice: &Slice<'_>, stretches: &[Stretch], bound: &mut Bound) -> String {
    let row = |stretch: &Stretch| {
        json!([stretch.resolution.number(), stretch.from.millis(), stretch.to.millis(), stretch.slot])
    };
    let rows: Vec<_> = stretches.iter().map(row).collect();
    let stretches = bound.rows(json!(rows).to_string(), "p");
    let [resolution, from, to] = [0, 1, 2].map(|part| bound.number(&format!("p.value ->> {part}")));
    let organization = bound.value(slice.organization.id.uuid());
    let condition = series_condition(slice.scope, slice.filter, bound);
    let of_stretch = format!(
        "r.organization_id = {organization} AND r.resolution = {resolution} AND r.bucket >= {from} AND r.bucket < {to}"
    );
    let of_series = format!("s.organization_id = {organization} AND s.id = r.series_id AND {condition}");
    // With a plain join, PostgreSQL compares all rollups with
    // all stretches. SQLite joins the tables in this order.
    match bound.backend() {
        DbBackend::Postgres => format!(
            "FROM {stretches} CROSS JOIN LATERAL (SELECT r.* FROM rollups r WHERE {of_stretch} OFFSET 0) r \
             CROSS JOIN series s WHERE {of_series}"
        ),
        _ => format!("FROM {stretches} CROSS JOIN rollups r CROSS JOIN series s WHERE {of_stretch} AND {of_series}"),
    }
}

/// Whether a call within `scope` was ever accepted.
pub(crate) async fn ever_called(services: &Services, actor: &Actor, scope: &ProjectScope) -> ServiceResult<bool> {
    services.wait_until_stored().await;
    let database = services.database.read();
    let mut bound = Bound::new(database.get_database_backend());
    let organization = bound.value(actor.organization.id.uuid());
    let condition = series_condition(scope, &Filter::default(), &mut bound);
    let refused = Outcome::Refused;
    // A series is inserted together with its first call.
    let sql = format!(
        "SELECT s.id FROM series s WHERE s.organization_id = {organization} \
         AND s.outcome NOT IN ('{ANY_OUTCOME}', '{refused}') AND {condition} LIMIT 1"
    );
    Ok(database.query_one_raw(bound.statement(sql)).await?.is_some())
}
