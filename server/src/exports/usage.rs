//! The usage chart and its table as CSV: a row for each bucket and series with usage.

use std::convert::Infallible;

use app::addresses::UsageAddress;
use axum::{body::Bytes, response::Response};
use domain::usage::{Measures, UsageReport};
use futures::stream;

use super::{ExportError, ExportRequest, csv, require_valid};

const HEADER: [&str; 12] = [
    "from",
    "to",
    "group",
    "key",
    "calls",
    "errors",
    "refused",
    "tokens_in",
    "cached_tokens_in",
    "tokens_out",
    "spend_usd",
    "unpriced_calls",
];

pub(crate) async fn export(
    ExportRequest { hub, actor, query, format }: ExportRequest,
) -> Result<Response, ExportError> {
    require_valid(&UsageAddress::invalid(&query))?;
    let usage = UsageAddress::parse(&query).query;
    let report = services::usage::report(&hub.services, &actor, &usage).await?;
    let name = format!("{}-usage-{}", actor.organization.slug, usage.range);
    Ok(csv::download(&name, format, stream::iter(rows(report).map(Ok::<_, Infallible>))))
}

fn rows(report: UsageReport) -> impl Iterator<Item = Bytes> + Send {
    let total = std::iter::once_with({
        let (from, to) = (report.buckets.first().copied().unwrap_or(report.end), report.end);
        let total = report.total;
        move || csv::row(cells(from.to_string(), to.to_string(), "Total", "", &total))
    });
    let points = report.series.clone().into_iter().flat_map(move |series| {
        let spans: Vec<_> = series
            .points
            .iter()
            .filter_map(|point| {
                let index = usize::try_from(point.bucket).ok()?;
                Some((*report.buckets.get(index)?, report.bucket_end(index), point.measures))
            })
            .collect();
        spans.into_iter().map(move |(from, to, measures)| {
            csv::row(cells(from.to_string(), to.to_string(), &series.label, &series.key, &measures))
        })
    });
    std::iter::once(csv::row(HEADER.map(str::to_owned))).chain(points).chain(total)
}

fn cells(from: String, to: String, group: &str, key: &str, measures: &Measures) -> [String; HEADER.len()] {
    [
        from,
        to,
        csv::text(group),
        csv::text(key),
        measures.calls.to_string(),
        measures.errors.to_string(),
        measures.refused.to_string(),
        measures.tokens_in.to_string(),
        measures.cached_tokens_in.to_string(),
        measures.tokens_out.to_string(),
        measures.spend.to_string(),
        measures.unpriced.to_string(),
    ]
}
