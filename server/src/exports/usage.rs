//! Usage as CSV: a row for each bucket and group with usage, and nothing else that would count twice in a sum.

use std::convert::Infallible;

use app::addresses::UsageAddress;
use axum::{body::Bytes, response::Response};
use domain::usage::{Group, Measures, Series, UsageReport, View};
use futures::stream;
use services::usage::LocalFormat;

use super::{ExportError, ExportRequest, csv, require_valid};

/// Names of the last columns.
const MEASURES: [&str; 8] =
    ["calls", "errors", "refused", "tokens_in", "cached_tokens_in", "tokens_out", "spend_usd", "unpriced_calls"];

pub(crate) async fn export(
    ExportRequest { hub, actor, query, format }: ExportRequest,
) -> Result<Response, ExportError> {
    require_valid(&UsageAddress::invalid(&query))?;
    let usage = UsageAddress::parse(&query).query;
    let local = LocalFormat::new(&actor.organization, usage.time_zone.as_deref())?;
    let report = services::usage::complete_report(&hub.services, &actor, &usage).await?;
    let name = format!("{}-usage-{}", actor.organization.slug, usage.range);
    let header = csv::row(header(report.view, usage.group));
    let rows = std::iter::once(header).chain(rows(report, usage.group, local));
    Ok(csv::download(&name, format, stream::iter(rows.map(Ok::<_, Infallible>))))
}

fn header(view: View, group: Group) -> Vec<String> {
    let group: &[&str] = match group {
        Group::Model => &["model"],
        Group::ApiKey => &["key_name", "key_id"],
        Group::Project => &["project_name", "project_id"],
    };
    let offset = (view == View::Hour).then_some("utc_offset");
    let first = [view.name(), "time_zone"].into_iter().chain(offset);
    first.chain(group.iter().copied()).chain(MEASURES).map(str::to_owned).collect()
}

fn rows(report: UsageReport, group: Group, local: LocalFormat) -> impl Iterator<Item = Bytes> + Send {
    let UsageReport { view, buckets, series, .. } = report;
    series.into_iter().flat_map(move |series| {
        let cells = |(bucket, measures): (usize, Measures)| {
            let start = *buckets.get(bucket)?;
            // Only hours can come twice, where clocks go back.
            let offset = (view == View::Hour).then(|| local.format_offset(start));
            let first = [local.format_bucket(view, start), local.zone().to_owned()].into_iter().chain(offset);
            Some(csv::row(first.chain(group_cells(&series, group)).chain(measure_cells(&measures))))
        };
        let points = series.points.iter().map(|point| (point.bucket as usize, point.measures));
        points.filter_map(cells).collect::<Vec<Bytes>>()
    })
}

/// The name and the id of a group; both are empty for calls without one. A model's name is its id.
fn group_cells(series: &Series, group: Group) -> Vec<String> {
    let id = csv::text(&series.key);
    match group {
        Group::Model => vec![id],
        Group::ApiKey | Group::Project if series.key.is_empty() => vec![String::new(), id],
        Group::ApiKey | Group::Project => vec![csv::text(&series.label), id],
    }
}

/// The cells of [`MEASURES`]. A spend of which nothing is known is empty.
fn measure_cells(measures: &Measures) -> [String; MEASURES.len()] {
    [
        measures.calls.to_string(),
        measures.errors.to_string(),
        measures.refused.to_string(),
        measures.tokens_in.to_string(),
        measures.cached_tokens_in.to_string(),
        measures.tokens_out.to_string(),
        if measures.is_spend_unknown() { String::new() } else { measures.spend.to_string() },
        measures.unpriced.to_string(),
    ]
}
