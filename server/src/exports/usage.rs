//! Usage as CSV: a row for each bucket and group with usage, and nothing else that would count twice in a sum.

mod compared;

use app::addresses::{Query, UsageAddress};
use domain::{
    errors::ApiError,
    exports::{
        FileFormat,
        columns::{has_offset, has_percentiles, usage_columns},
    },
    time::Timestamp,
    usage::{Distribution, Group, Measures, OTHER_TAG_VALUES, Percentile, Series, UsageQuery, View},
};
use futures::stream;
use services::{Actor, Services, usage::LocalFormat};

use self::compared::ComparedSeries;
use super::{
    csv::{self, CsvRows},
    file::{ExportFile, FilePart},
    public, require_valid,
};

/// Rows of one part of the file.
const PART_ROWS: u64 = 2_000;

/// The file of what the usage page at this query shows.
pub(super) async fn file(services: &Services, actor: &Actor, query: &str) -> Result<ExportFile, ApiError> {
    require_valid(&UsageAddress::invalid(query))?;
    let usage = UsageAddress::parse(query).query;
    let local = LocalFormat::new(&actor.organization, usage.time_zone.as_deref()).map_err(public)?;
    let report = services::usage::complete_report(services, actor, &usage).await.map_err(public)?;
    let compared = ComparedSeries::find(services, actor, &usage, &report).await.map_err(public)?;
    let name = format!("{}-usage-{}", actor.organization.slug, file_name_of(&usage));
    let columns = usage_columns(report.view, &usage.group, usage.metric, compared.as_ref().and(usage.compare));
    let head = csv::head(&Query::parse(query), columns.iter().map(String::as_str));
    let rows = UsageRows { view: report.view, usage, buckets: report.buckets, local, compared };
    let mut series = report.series;
    if let Some(compared) = &rows.compared {
        // Groups that had usage only in the earlier range.
        let missing = compared.missing_from(&series);
        series.extend(missing);
    }
    let parts = rows.into_parts(series).map(Ok);
    ExportFile::new(name, FileFormat::Csv, head, stream::iter(parts)).await.map_err(public)
}

/// The range as a part of a file's name: colons can't be in one everywhere.
fn file_name_of(usage: &UsageQuery) -> String {
    usage.range.to_string().replace(':', "")
}

/// Data that all rows of a file share.
struct UsageRows {
    usage: UsageQuery,
    view: View,
    buckets: Vec<Timestamp>,
    local: LocalFormat,
    compared: Option<ComparedSeries>,
}

impl UsageRows {
    /// Writes the rows of all series, so many at a time.
    fn into_parts(self, series: Vec<Series>) -> impl Iterator<Item = FilePart> + Send {
        let mut series = series.into_iter();
        std::iter::from_fn(move || {
            let mut rows = CsvRows::new();
            for series in series.by_ref() {
                self.write(&mut rows, &series);
                if rows.count() >= PART_ROWS {
                    break;
                }
            }
            (rows.count() > 0).then(|| rows.finish())
        })
    }

    fn write(&self, rows: &mut CsvRows, series: &Series) {
        let mut points = series.points.iter().enumerate().peekable();
        let earlier = self.compared.as_ref().map(|compared| compared.points(&series.key)).unwrap_or_default();
        let mut earlier = earlier.iter().peekable();
        // Both are in the order of buckets.
        while let Some(bucket) =
            [points.peek().map(|(_, point)| point.bucket as usize), earlier.peek().map(|(bucket, _)| **bucket)]
                .into_iter()
                .flatten()
                .min()
        {
            let now = points.next_if(|(_, point)| point.bucket as usize == bucket);
            let before = earlier.next_if(|(other, _)| **other == bucket).map(|(_, measures)| *measures);
            let measures = now.map(|(_, point)| point.measures).unwrap_or_default();
            let durations = now.and_then(|(index, _)| series.durations.get(index));
            self.write_row(rows, series, bucket, (measures, durations), before);
        }
    }

    fn write_row(
        &self,
        rows: &mut CsvRows,
        series: &Series,
        bucket: usize,
        (measures, durations): (Measures, Option<&Distribution>),
        before: Option<Measures>,
    ) {
        let Some(start) = self.buckets.get(bucket).copied() else { return };
        rows.plain(&self.local.format_bucket(self.view, start));
        rows.plain(self.local.zone());
        if has_offset(self.view) {
            rows.plain(&self.local.format_offset(start));
        }
        write_group(rows, series, &self.usage.group);
        write_measures(rows, &measures);
        if has_percentiles(self.usage.metric) {
            for percentile in Percentile::ALL {
                let known = durations.and_then(|durations| durations.percentile(percentile));
                rows.optional(known.map(|known| format!("{:.0}", known.estimate)));
            }
        }
        if let Some(compared) = &self.compared {
            let start = compared.bucket(bucket).map(|start| self.local.format_bucket(self.view, start));
            rows.optional(start);
            let before = before.unwrap_or_default();
            write_measures(rows, &before);
            compared::write_change(rows, self.usage.metric, &measures, &before);
        }
        rows.end_row();
    }
}

/// The name and the ID of a group; both are empty for calls without one. What has no ID is named by its filter value.
fn write_group(rows: &mut CsvRows, series: &Series, group: &Group) {
    match group {
        Group::ApiKey | Group::Project | Group::Member => {
            rows.text(if series.key.is_empty() { "" } else { series.label.as_str() });
            rows.text(&series.key);
        }
        // The key is none that a call may have.
        Group::Tag(_) if series.key == OTHER_TAG_VALUES => rows.text(&series.label),
        Group::Model | Group::Service | Group::Endpoint | Group::Provider | Group::Status | Group::Tag(_) => {
            rows.text(&series.key);
        }
    }
}

/// The cells of [`MEASURE_COLUMNS`](domain::exports::columns::MEASURE_COLUMNS). A spend of which nothing is known is empty.
fn write_measures(rows: &mut CsvRows, measures: &Measures) {
    for count in [
        measures.calls,
        measures.errors,
        measures.refused,
        measures.tokens_in,
        measures.cached_tokens_in,
        measures.tokens_out,
    ] {
        rows.value(count);
    }
    rows.optional((!measures.is_spend_unknown()).then_some(measures.spend));
    for count in [measures.unpriced, measures.images, measures.video_ms, measures.audio_ms, measures.byte_hours] {
        rows.value(count);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_group_is_named_by_its_value_or_by_its_label_where_it_has_none() {
        let named = |group: &str, key: &str, label: &str| {
            let mut rows = CsvRows::new();
            let series = Series {
                key: key.to_owned(),
                label: label.to_owned(),
                total: Measures::default(),
                points: vec![],
                durations: vec![],
            };
            write_group(&mut rows, &series, &group.parse().unwrap());
            rows.end_row();
            String::from_utf8(rows.finish().bytes.to_vec()).unwrap()
        };
        assert_eq!(named("tag.customer", "acme", "acme"), "acme\r\n");
        assert_eq!(named("tag.customer", OTHER_TAG_VALUES, "Other values"), "Other values\r\n");
        assert_eq!(named("project", "", "No project"), ",\r\n");
        assert_eq!(named("project", "proj_1", "=Web"), "'=Web,proj_1\r\n");
    }
}
