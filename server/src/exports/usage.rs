//! The chart and its table, as CSV: a row for each bucket and series that has usage.

use std::convert::Infallible;

use app::addresses::UsageAddress;
use axum::{
    body::Bytes,
    extract::{RawQuery, State},
    response::Response,
};
use domain::{
    errors::ApiError,
    usage::{Measures, UsageReport},
};

use super::{csv, session_actor};
use crate::{answers::error, context::RequestInfo, hub::Hub};

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

pub(crate) async fn export(State(hub): State<Hub>, info: RequestInfo, RawQuery(query): RawQuery) -> Response {
    match report(&hub, &info, query.as_deref().unwrap_or_default()).await {
        Ok((name, report)) => csv::download(&name, futures::stream::iter(rows(report).map(Ok::<_, Infallible>))),
        Err(refusal) => error(refusal),
    }
}

async fn report(hub: &Hub, info: &RequestInfo, query: &str) -> Result<(String, UsageReport), ApiError> {
    let slug = super::organization(query)?;
    let actor = session_actor(hub, info, &slug).await?;
    let usage = UsageAddress::parse(query).query;
    let report = services::usage::report(&hub.services, &actor, &usage).await.map_err(app::api::context::public)?;
    Ok((format!("{}-usage-{}", actor.organization.slug, usage.range), report))
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
