//! Usage as CSV: a row for each bucket and group with usage, and nothing else that would count twice in a sum.

mod change;

use app::addresses::{Query, UsageAddress};
use domain::{
    errors::ApiError,
    exports::{
        FileFormat,
        columns::{has_offset, has_percentiles, usage_columns},
    },
    usage::{Group, Measures, OTHER_TAG_VALUES, Percentile, UsageQuery},
};
use futures::stream;
use services::{
    Actor, ServiceError, Services,
    usage::{LocalFormat, UsageRow, UsageTable},
};

use super::{
    csv::{self, CsvRows},
    file::{ExportFile, FilePart},
    public, require_valid,
};

/// The file of what the usage page at this query shows.
pub(super) async fn file(services: &Services, actor: &Actor, query: &str) -> Result<ExportFile, ApiError> {
    require_valid(&UsageAddress::invalid(query))?;
    let usage = UsageAddress::parse(query).query;
    let local = LocalFormat::new(&actor.organization, usage.time_zone.as_deref()).map_err(public)?;
    let table = UsageTable::open(services, actor, usage.clone()).await.map_err(public)?;
    let name = format!("{}-usage-{}", actor.organization.slug, file_name_of(&usage));
    let columns = usage_columns(usage.view(), &usage.group, usage.metric, usage.compare);
    let head = csv::head(&Query::parse(query), columns.iter().map(String::as_str));
    let format = RowFormat { usage, local };
    let parts = stream::try_unfold((table, format), |(mut table, format)| async move {
        let part = table.read().await?.map(|rows| format.write(&rows));
        Ok::<_, ServiceError>(part.map(|part| (part, (table, format))))
    });
    ExportFile::new(name, FileFormat::Csv, head, parts).await.map_err(public)
}

/// The range as a part of a file's name: colons can't be in one everywhere.
fn file_name_of(usage: &UsageQuery) -> String {
    usage.range.to_string().replace(':', "")
}

/// The form of a file's rows.
struct RowFormat {
    usage: UsageQuery,
    local: LocalFormat,
}

impl RowFormat {
    fn write(&self, rows: &[UsageRow]) -> FilePart {
        let mut csv = CsvRows::new();
        rows.iter().for_each(|row| self.write_row(&mut csv, row));
        csv.finish()
    }

    fn write_row(&self, csv: &mut CsvRows, row: &UsageRow) {
        let (view, metric) = (self.usage.view(), self.usage.metric);
        csv.plain(&self.local.format_bucket(view, row.start));
        csv.plain(self.local.zone());
        if has_offset(view) {
            csv.plain(&self.local.format_offset(row.start));
        }
        write_group(csv, (row.key.as_str(), row.label.as_str()), &self.usage.group);
        write_measures(csv, &row.measures);
        if has_percentiles(metric) {
            for percentile in Percentile::ALL {
                let known = row.durations.percentile(percentile);
                csv.optional(known.map(|known| format!("{:.0}", known.estimate)));
            }
        }
        if self.usage.compare.is_some() {
            csv.optional(row.earlier_start.map(|start| self.local.format_bucket(view, start)));
            write_measures(csv, &row.earlier);
            change::write_change(csv, metric, &row.measures, &row.earlier);
        }
        csv.end_row();
    }
}

/// The name and the ID of a group; both are empty for calls without one. What has no ID is named by its filter value.
fn write_group(rows: &mut CsvRows, (key, label): (&str, &str), group: &Group) {
    match group {
        Group::ApiKey | Group::Project | Group::Member => {
            rows.text(if key.is_empty() { "" } else { label });
            rows.text(key);
        }
        // The key is none that a call may have.
        Group::Tag(_) if key == OTHER_TAG_VALUES => rows.text(label),
        Group::Model | Group::Service | Group::Endpoint | Group::Provider | Group::Status | Group::Tag(_) => {
            rows.text(key);
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
            write_group(&mut rows, (key, label), &group.parse().unwrap());
            rows.end_row();
            String::from_utf8(rows.finish().bytes.to_vec()).unwrap()
        };
        assert_eq!(named("tag.customer", "acme", "acme"), "acme\r\n");
        assert_eq!(named("tag.customer", OTHER_TAG_VALUES, "Other values"), "Other values\r\n");
        assert_eq!(named("project", "", "No project"), ",\r\n");
        assert_eq!(named("project", "proj_1", "=Web"), "'=Web,proj_1\r\n");
    }
}
