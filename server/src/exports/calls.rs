//! Calls as CSV: all that match the filter, read a page at a time.

use app::addresses::LogsAddress;
use axum::response::Response;
use domain::calls::{Call, CountSource};
use services::usage::LocalFormat;

use super::{ExportError, ExportRequest, csv, require_valid};

const HEADER: [&str; 34] = [
    "started_at",
    "request_id",
    "project",
    "key",
    "key_id",
    "service",
    "endpoint",
    "model",
    "provider",
    "status",
    "outcome",
    "error_code",
    "times",
    "measured",
    "tokens_in",
    "cached_tokens_in",
    "cache_write_tokens_in",
    "tokens_out",
    "images",
    "media_ms",
    "byte_hours",
    "cost_usd",
    "duration_ms",
    "cost_unknown_in",
    "cache_write_1h_tokens_in",
    "audio_tokens_in",
    "audio_tokens_out",
    "reasoning_tokens_out",
    "searches",
    "tool_calls",
    "characters",
    "service_tier",
    "started_at_local",
    "time_zone",
];

pub(crate) async fn export(
    ExportRequest { hub, actor, query, format }: ExportRequest,
) -> Result<Response, ExportError> {
    require_valid(&LogsAddress::invalid(&query))?;
    let address = LogsAddress::parse(&query);
    let local = LocalFormat::new(&actor.organization, address.time_zone.as_deref())?;
    let pages = services::calls::export(&hub.services, &actor, &address.calls(None)).await?;
    let name = format!("{}-calls", actor.organization.slug);
    Ok(csv::table(&name, format, HEADER, pages, move |call| cells(call, local)).await?)
}

fn cells(call: &Call, local: LocalFormat) -> [String; HEADER.len()] {
    let known = |count: i64| if call.measured == CountSource::Unknown { String::new() } else { count.to_string() };
    [
        call.started_at.to_string(),
        call.id.to_string(),
        csv::text(call.project.as_ref().map_or("", |project| &project.name)),
        csv::text(call.api_key.as_ref().map_or("", |key| &key.name)),
        call.api_key.as_ref().map(|key| key.id.to_string()).unwrap_or_default(),
        call.service.to_string(),
        csv::text(&call.endpoint),
        csv::text(&call.model),
        csv::text(&call.provider),
        call.known_status().map(|status| status.to_string()).unwrap_or_default(),
        call.outcome.to_string(),
        csv::text(&call.error_code),
        call.times.to_string(),
        call.measured.name().to_owned(),
        known(call.used.tokens_in),
        known(call.used.cached_tokens_in),
        known(call.used.cache_write_tokens_in),
        known(call.used.tokens_out),
        known(call.used.images),
        known(call.used.media_ms),
        known(call.used.byte_hours),
        call.cost.map(|cost| cost.to_string()).unwrap_or_default(),
        call.known_duration_us().map(|took| format!("{}.{:03}", took / 1000, took % 1000)).unwrap_or_default(),
        call.unpriced.to_string(),
        known(call.used.cache_write_1h_tokens_in),
        known(call.used.audio_tokens_in),
        known(call.used.audio_tokens_out),
        known(call.used.reasoning_tokens_out),
        known(call.used.searches),
        known(call.used.tool_calls),
        known(call.used.characters),
        call.used.tier.name().to_owned(),
        local.format_second(call.started_at),
        local.zone().to_owned(),
    ]
}
