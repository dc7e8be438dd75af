//! Calls as CSV and as JSON Lines: all that match the filter, read a page at a time.

mod json_line;

use app::addresses::{LogsAddress, Query};
use axum::body::Bytes;
use domain::{
    calls::{Call, CountSource},
    errors::{ApiError, FieldErrors},
    exports::{FileFormat, columns::CALL_COLUMNS},
};
use futures::StreamExt;
use services::{Actor, ServiceResult, Services, usage::LocalFormat};

use self::json_line::append_line;
use super::{
    csv::{self, CsvRows},
    file::{ExportFile, FilePart, read_ahead},
    public, require_valid,
};

/// Writes one cell of a call.
type CallCell = fn(&mut CsvRows, &Call, LocalFormat);

/// The cells of [`CALL_COLUMNS`].
const CELLS: [CallCell; CALL_COLUMNS.len()] = [
    |rows, call, _| rows.value(call.started_at),
    |rows, call, _| rows.value(call.id),
    |rows, call, _| rows.text(call.project.as_ref().map_or("", |project| &project.name)),
    |rows, call, _| rows.text(call.api_key.as_ref().map_or("", |key| &key.name)),
    |rows, call, _| rows.optional(call.api_key.as_ref().map(|key| key.id)),
    |rows, call, _| rows.value(call.service),
    |rows, call, _| rows.text(&call.endpoint),
    |rows, call, _| rows.text(&call.model),
    |rows, call, _| rows.text(&call.provider),
    |rows, call, _| rows.optional(call.known_status()),
    |rows, call, _| rows.plain(call.outcome.name()),
    |rows, call, _| rows.text(&call.error_code),
    |rows, call, _| rows.value(call.times),
    |rows, call, _| rows.plain(call.measured.name()),
    |rows, call, _| rows.optional(known(call, call.used.tokens_in)),
    |rows, call, _| rows.optional(known(call, call.used.cached_tokens_in)),
    |rows, call, _| rows.optional(known(call, call.used.cache_write_tokens_in)),
    |rows, call, _| rows.optional(known(call, call.used.tokens_out)),
    |rows, call, _| rows.optional(known(call, call.used.images)),
    |rows, call, _| rows.optional(known(call, call.used.media_ms)),
    |rows, call, _| rows.optional(known(call, call.used.byte_hours)),
    |rows, call, _| rows.optional(call.cost),
    |rows, call, _| match call.known_duration_us() {
        Some(took) => rows.value(format_args!("{}.{:03}", took / 1000, took % 1000)),
        None => rows.plain(""),
    },
    |rows, call, _| rows.value(call.unpriced),
    |rows, call, _| rows.optional(known(call, call.used.cache_write_1h_tokens_in)),
    |rows, call, _| rows.optional(known(call, call.used.audio_tokens_in)),
    |rows, call, _| rows.optional(known(call, call.used.audio_tokens_out)),
    |rows, call, _| rows.optional(known(call, call.used.reasoning_tokens_out)),
    |rows, call, _| rows.optional(known(call, call.used.searches)),
    |rows, call, _| rows.optional(known(call, call.used.tool_calls)),
    |rows, call, _| rows.optional(known(call, call.used.characters)),
    |rows, call, _| rows.plain(call.used.tier.name()),
    |rows, call, local| rows.value(local.format_second(call.started_at)),
    |rows, _, local| rows.plain(local.zone()),
    // JSON, as in JSON Lines. A formula may follow a semicolon within a value.
    |rows, call, _| match serde_json::to_string(&call.tags) {
        Ok(tags) if !call.tags.is_empty() => rows.text(&tags),
        _ => rows.plain(""),
    },
];

/// A count of a call, if its counts are known.
fn known(call: &Call, count: i64) -> Option<i64> {
    (call.measured != CountSource::Unknown).then_some(count)
}

/// The file of the calls that match `query`, which is that of the log's address.
pub(super) async fn file(
    services: &Services,
    actor: &Actor,
    format: FileFormat,
    query: &str,
) -> Result<ExportFile, ApiError> {
    require_valid(&LogsAddress::invalid(query))?;
    let address = LogsAddress::parse(query);
    let parsed = Query::parse(query);
    let columns = chosen_columns(&parsed)?;
    let local = LocalFormat::new(&actor.organization, address.time_zone.as_deref()).map_err(public)?;
    let pages = services::calls::export(services, actor, &address.calls(None)).await.map_err(public)?;
    let pages = read_ahead(pages);
    let name = format!("{}-calls", actor.organization.slug);
    let file = match format {
        FileFormat::Csv => {
            let head = csv::head(&parsed, columns.iter().map(|column| CALL_COLUMNS[*column]));
            let cells: Vec<CallCell> = columns.iter().map(|column| CELLS[*column]).collect();
            let parts = pages.map(move |page| page.map(|calls| csv_part(&calls, &cells, local)));
            ExportFile::new(name, format, head, parts).await
        }
        FileFormat::JsonLines => {
            let parts = pages.map(|page| page.and_then(|calls| json_part(&calls)));
            ExportFile::new(name, format, Bytes::new(), parts).await
        }
    };
    file.map_err(public)
}

fn csv_part(calls: &[Call], cells: &[CallCell], local: LocalFormat) -> FilePart {
    let mut rows = CsvRows::new();
    for call in calls {
        cells.iter().for_each(|cell| cell(&mut rows, call, local));
        rows.end_row();
    }
    rows.finish()
}

fn json_part(calls: &[Call]) -> ServiceResult<FilePart> {
    let mut lines = Vec::new();
    calls.iter().try_for_each(|call| append_line(&mut lines, call))?;
    Ok(FilePart { bytes: lines.into(), rows: calls.len() as u64 })
}

/// The columns that a query chooses, in its order (`columns=started_at,model`); all of them without a choice.
///
/// # Errors
/// There is no such column.
fn chosen_columns(query: &Query) -> Result<Vec<usize>, ApiError> {
    let Some(names) = query.text("columns") else { return Ok((0..CALL_COLUMNS.len()).collect()) };
    let place = |name: &str| {
        CALL_COLUMNS.iter().position(|column| *column == name).ok_or_else(|| {
            let message = format!("There is no column {name:?}. Columns are {}.", CALL_COLUMNS.join(", "));
            ApiError::Invalid(FieldErrors::of("columns", message))
        })
    };
    let mut chosen = Vec::new();
    for name in names.split(',').take(CALL_COLUMNS.len() + 1) {
        let place = place(name)?;
        if !chosen.contains(&place) {
            chosen.push(place);
        }
    }
    Ok(chosen)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_are_chosen_by_name_in_any_order() {
        let chosen = |query: &str| chosen_columns(&Query::parse(query));
        assert_eq!(chosen("model=a").unwrap().len(), CALL_COLUMNS.len());
        assert_eq!(chosen("columns=model,started_at,model").unwrap(), [7, 0]);
        for wrong in ["columns=model,,", "columns=secret", "columns=Model"] {
            let Err(ApiError::Invalid(errors)) = chosen(wrong) else { panic!("{wrong} is taken") };
            assert!(errors.get("columns").is_some());
        }
    }
}
