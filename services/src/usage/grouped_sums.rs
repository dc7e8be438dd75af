//! Sums of rollups and calls by bucket and group.

use domain::{
    ids::{ApiKeyId, ProjectId, UserId},
    usage::{Distribution, Durations, Filter, Group, Measures},
};
use futures::TryStreamExt;
use sea_orm::{ConnectionTrait, DatabaseConnection, DbErr, FromQueryResult, QueryResult, StreamTrait};
use uuid::Uuid;

use super::{
    call_sums::{call_value, from_spans},
    cover::Stretch,
    sources::Sources,
    sums::{Columns, Histogram, Slice, column, columns, from, from_stretches, histogram_columns, sum, sum_columns},
};
use crate::{Organization, ServiceResult, database::Bound, projects::ProjectScope};

/// What is summed, and of whom.
pub(crate) struct Selection<'a> {
    pub(crate) organization: &'a Organization,
    pub(crate) sources: &'a Sources,
    pub(crate) scope: &'a ProjectScope,
    pub(crate) filter: &'a Filter,
}

/// Sums of one bucket and group, possibly one of several that add up.
pub(crate) struct GroupedSum {
    pub(crate) bucket: usize,
    /// See [`domain::usage::Series::key`].
    pub(crate) key: String,
    pub(crate) measures: Measures,
    /// The requested durations.
    pub(crate) durations: Distribution,
}

impl Selection<'_> {
    const fn slice(&self) -> Slice<'_> {
        Slice { organization: self.organization, cover: &self.sources.cover, scope: self.scope, filter: self.filter }
    }

    /// Streams the sums by bucket and group, which isn't a tag, to `each`. Collecting them would take too much memory for
    /// many keys over a long time.
    pub(crate) async fn for_each_sum(
        &self,
        database: &DatabaseConnection,
        group: &Group,
        histogram: Option<Histogram>,
        mut each: impl FnMut(GroupedSum) + Send,
    ) -> ServiceResult<()> {
        let (mut of_rollups, mut of_calls) = (columns(), sum_columns(call_value));
        if let Some(histogram) = histogram {
            of_rollups.push_str(", ");
            of_rollups.push_str(&histogram_columns(histogram, |name| format!("r.{name}")));
            of_calls.push_str(", ");
            of_calls.push_str(&histogram_columns(histogram, call_value));
        }
        let grouping = [(column(group), "grouping")];
        let read = |bucket: usize, is_added: bool, row: &QueryResult| -> Result<(), DbErr> {
            let key = read_key(row, group)?;
            let measures: Measures = Columns::from_query_result(row, "")?.into();
            let durations = histogram.map(|histogram| histogram.read(row)).transpose()?.unwrap_or_default();
            each(match is_added {
                true => GroupedSum { bucket, key, measures, durations },
                false => GroupedSum { bucket, key, measures: -measures, durations: negate(durations) },
            });
            Ok(())
        };
        self.for_each_row(database, &grouping, [&of_rollups, &of_calls], read).await
    }

    /// Streams rows of sums by bucket and by columns of `series s`, which are given as expressions with their names, to `each`: with
    /// the bucket, and whether the sums are added to it; otherwise they are subtracted. The sums are expressions over rollups `r` and over
    /// calls `c`.
    pub(super) async fn for_each_row(
        &self,
        database: &DatabaseConnection,
        grouping: &[(&str, &str)],
        [of_rollups, of_calls]: [&str; 2],
        mut each: impl FnMut(usize, bool, &QueryResult) -> Result<(), DbErr> + Send,
    ) -> ServiceResult<()> {
        let (slice, sources) = (self.slice(), self.sources);
        let names: String = grouping.iter().map(|(column, name)| format!(", {column} AS {name}")).collect();
        let columns: String = grouping.iter().map(|(column, _)| format!(", {column}")).collect();
        let select =
            |sums: &str, from: &str| format!("SELECT p.place AS place{names}, {sums} {from} GROUP BY 1{columns}");
        if !sources.cover.stretches.is_empty() {
            let mut bound = Bound::new(database.get_database_backend());
            let from = from(&slice, &mut bound);
            let mut rows = database.stream_raw(bound.statement(select(of_rollups, &from))).await?;
            while let Some(row) = rows.try_next().await? {
                for (bucket, is_added) in self.places(read_place(&row)?) {
                    each(bucket, is_added, &row)?;
                }
            }
        }
        if !sources.spans.is_empty() {
            let mut bound = Bound::new(database.get_database_backend());
            let from = from_spans(&slice, &sources.spans, &mut bound);
            let mut rows = database.stream_raw(bound.statement(select(of_calls, &from))).await?;
            while let Some(row) = rows.try_next().await? {
                if let Some(span) = sources.spans.get(read_place(&row)?) {
                    each(span.bucket, true, &row)?;
                }
            }
        }
        Ok(())
    }

    /// The buckets that the stretch of this index counts in: see [`Cover::places`](super::cover::Cover::places).
    fn places(&self, stretch: usize) -> impl Iterator<Item = (usize, bool)> + use<> {
        let cover = &self.sources.cover;
        cover.places(cover.stretches.get(stretch).map_or(usize::MAX, |stretch| stretch.slot))
    }

    /// Sums everything.
    pub(crate) async fn total(&self, database: &DatabaseConnection) -> ServiceResult<Measures> {
        let mut total = Measures::default();
        for (is_added, row) in self.totals(database, &columns(), &sum_columns(call_value)).await? {
            let measures = Measures::from(Columns::from_query_result(&row, "")?);
            total += if is_added { measures } else { -measures };
        }
        Ok(total)
    }

    /// The durations of all calls.
    pub(crate) async fn durations(&self, database: &DatabaseConnection) -> ServiceResult<Durations> {
        let of_calls = Histogram::ALL.map(|histogram| histogram_columns(histogram, call_value)).join(", ");
        let of_rollups = Histogram::ALL.map(|histogram| histogram_columns(histogram, |name| format!("r.{name}")));
        let mut durations = Durations::default();
        for (is_added, row) in self.totals(database, &of_rollups.join(", "), &of_calls).await? {
            let signed = |distribution| if is_added { distribution } else { negate(distribution) };
            durations.latency += signed(Histogram::Latency.read(&row)?);
            durations.first_token += signed(Histogram::FirstByte.read(&row)?);
        }
        Ok(durations)
    }

    /// Sums columns of rollups and calls over all buckets: rows to add and to subtract. Without groups, databases needn't
    /// sort anything.
    async fn totals(
        &self,
        database: &DatabaseConnection,
        of_rollups: &str,
        of_calls: &str,
    ) -> ServiceResult<Vec<(bool, QueryResult)>> {
        let slice = self.slice();
        let mut totals = Vec::new();
        for is_added in [true, false] {
            // What is taken from one bucket and added to another changes no total.
            let counts = |stretch: &&Stretch| {
                let mut places = self.sources.cover.places(stretch.slot);
                matches!((places.next(), places.next()), (Some((_, added)), None) if added == is_added)
            };
            let stretches: Vec<Stretch> = self.sources.cover.stretches.iter().filter(counts).copied().collect();
            if !stretches.is_empty() {
                let mut bound = Bound::new(database.get_database_backend());
                let from = from_stretches(&slice, &stretches, &mut bound);
                let row = database.query_one_raw(bound.statement(format!("SELECT {of_rollups} {from}"))).await?;
                totals.extend(row.map(|row| (is_added, row)));
            }
        }
        if !self.sources.spans.is_empty() {
            let mut bound = Bound::new(database.get_database_backend());
            let from = from_spans(&slice, &self.sources.spans, &mut bound);
            let row = database.query_one_raw(bound.statement(format!("SELECT {of_calls} {from}"))).await?;
            totals.extend(row.map(|row| (true, row)));
        }
        Ok(totals)
    }

    /// Sums calls, errors and rejections by bucket, of which there are `buckets`.
    pub(crate) async fn counts(&self, database: &DatabaseConnection, buckets: usize) -> ServiceResult<Vec<Measures>> {
        const NAMES: [&str; 3] = ["calls", "errors", "refused"];
        let slice = self.slice();
        let mut counts = vec![Measures::default(); buckets];
        let mut add = |bucket: usize, measures: Measures| {
            if let Some(count) = counts.get_mut(bucket) {
                *count += measures;
            }
        };
        if !self.sources.cover.stretches.is_empty() {
            let mut bound = Bound::new(database.get_database_backend());
            let from = from(&slice, &mut bound);
            let sums = NAMES.map(|name| sum(&format!("r.{name}"), name)).join(", ");
            let sql = format!("SELECT p.place AS place, {sums} {from} GROUP BY 1");
            for row in database.query_all_raw(bound.statement(sql)).await? {
                let (stretch, measures) = read_counts(&row)?;
                for (bucket, is_added) in self.places(stretch) {
                    add(bucket, if is_added { measures } else { -measures });
                }
            }
        }
        if !self.sources.spans.is_empty() {
            let mut bound = Bound::new(database.get_database_backend());
            let from = from_spans(&slice, &self.sources.spans, &mut bound);
            let sums = NAMES.map(|name| sum(&call_value(name), name)).join(", ");
            let sql = format!("SELECT p.place AS place, {sums} {from} GROUP BY 1");
            for row in database.query_all_raw(bound.statement(sql)).await? {
                let (span, measures) = read_counts(&row)?;
                if let Some(span) = self.sources.spans.get(span) {
                    add(span.bucket, measures);
                }
            }
        }
        Ok(counts)
    }
}

fn read_counts(row: &QueryResult) -> Result<(usize, Measures), DbErr> {
    let measures = Measures {
        calls: row.try_get("", "calls")?,
        errors: row.try_get("", "errors")?,
        refused: row.try_get("", "refused")?,
        ..Measures::default()
    };
    Ok((read_place(row)?, measures))
}

fn read_place(row: &QueryResult) -> Result<usize, DbErr> {
    let place: i64 = row.try_get("", "place")?;
    Ok(usize::try_from(place).unwrap_or(usize::MAX))
}

/// Reads the key of a row's group.
fn read_key(row: &QueryResult, group: &Group) -> Result<String, DbErr> {
    // The nil id stands for none.
    let id = || Ok::<_, DbErr>(Some(row.try_get::<Uuid>("", "grouping")?).filter(|id| !id.is_nil()));
    Ok(match group {
        Group::ApiKey => id()?.map(|id| ApiKeyId::new(id).to_string()).unwrap_or_default(),
        Group::Project => id()?.map(|id| ProjectId::new(id).to_string()).unwrap_or_default(),
        Group::Member => id()?.map(|id| UserId::new(id).to_string()).unwrap_or_default(),
        Group::Status => {
            let status: i32 = row.try_get("", "grouping")?;
            if status == 0 { String::new() } else { status.to_string() }
        }
        Group::Model | Group::Service | Group::Endpoint | Group::Provider | Group::Tag(_) => {
            row.try_get("", "grouping")?
        }
    })
}

/// These durations, to be subtracted by adding them.
fn negate(durations: Distribution) -> Distribution {
    Distribution(durations.0.map(|count| -count))
}
