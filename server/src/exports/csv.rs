//! Rows of CSV (RFC 4180).

use axum::{
    body::{Body, Bytes},
    http::header,
    response::{IntoResponse, Response},
};
use futures::{Stream, StreamExt, TryStreamExt, stream};

/// A row as bytes, each cell quoted where it must be.
pub(super) fn row<I: IntoIterator<Item = String>>(cells: I) -> Bytes {
    let mut writer = csv::WriterBuilder::new().terminator(csv::Terminator::CRLF).from_writer(Vec::new());
    // Writing to memory can't fail; a row that could would be left out whole.
    if writer.write_record(cells).is_err() {
        return Bytes::new();
    }
    writer.into_inner().map(Bytes::from).unwrap_or_default()
}

/// Text that a spreadsheet would take for a formula gets an apostrophe in front
/// ([OWASP](https://owasp.org/www-community/attacks/CSV_Injection)); numbers don't pass through here.
pub(super) fn text(cell: &str) -> String {
    if cell.starts_with(['=', '+', '-', '@', '\t', '\r']) { format!("'{cell}") } else { cell.to_owned() }
}

/// A file to download: what the columns are called, then the rows of each page as it is read.
pub(super) fn table<T, E, const COLUMNS: usize>(
    name: &str,
    header: [&str; COLUMNS],
    pages: impl Stream<Item = Result<Vec<T>, E>> + Send + 'static,
    cells: fn(&T) -> [String; COLUMNS],
) -> Response
where
    T: 'static,
    E: Into<axum::BoxError> + Send + 'static,
{
    let header = row(header.map(str::to_owned));
    let rows = pages.map_ok(move |page| page.iter().flat_map(|item| row(cells(item))).collect::<Bytes>());
    download(name, stream::once(async { Ok(header) }).chain(rows))
}

/// A file to download.
pub(super) fn download<S, E>(name: &str, rows: S) -> Response
where
    S: Stream<Item = Result<Bytes, E>> + Send + 'static,
    E: Into<axum::BoxError>,
{
    let disposition = format!("attachment; filename=\"{name}.csv\"");
    (
        [(header::CONTENT_TYPE, "text/csv; charset=utf-8".to_owned()), (header::CONTENT_DISPOSITION, disposition)],
        Body::from_stream(rows),
    )
        .into_response()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn formulas_are_neutralized_and_quotes_doubled() {
        assert_eq!(row([text("=1+1"), text("a \"b\", c"), "-5".to_owned()]), "'=1+1,\"a \"\"b\"\", c\",-5\r\n");
    }
}
