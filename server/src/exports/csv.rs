//! Rows of CSV (RFC 4180).

use std::fmt::Display;

use app::addresses::Query;
use axum::{
    body::{Body, Bytes},
    http::header,
    response::{IntoResponse, Response},
};
use domain::validation::canonical;
use futures::{Stream, StreamExt, TryStreamExt, stream};

/// The byte order mark, by which some spreadsheets recognize UTF-8; without it they assume the country's
/// encoding.
const BYTE_ORDER_MARK: &[u8] = "\u{feff}".as_bytes();

/// The format of a file.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub(super) struct CsvFormat {
    /// Whether the file begins with a byte order mark.
    pub(super) has_byte_order_mark: bool,
}

impl CsvFormat {
    /// Reads the format from a query: `bom=true`.
    pub(super) fn from_query(query: &Query) -> Self {
        Self { has_byte_order_mark: query.text("bom") == Some("true") }
    }
}

/// A row as bytes; cells are quoted where necessary.
pub(crate) fn row<I: IntoIterator<Item = String>>(cells: I) -> Bytes {
    let mut writer = csv::WriterBuilder::new().terminator(csv::Terminator::CRLF).from_writer(Vec::new());
    // Writing to memory can't fail; a row that did would be left out completely.
    if writer.write_record(cells).is_err() {
        return Bytes::new();
    }
    writer.into_inner().map(Bytes::from).unwrap_or_default()
}

/// Neutralizes formulas in text: an apostrophe is put in front of each
/// ([OWASP](https://owasp.org/www-community/attacks/CSV_Injection)). Numbers don't pass through here.
///
/// A formula may begin the cell, after characters that spreadsheets drop or don't show, or follow a character
/// that some of them, depending on the country, treat as the end of a cell. Quotes don't protect it unless
/// they begin the cell.
pub(crate) fn text(cell: &str) -> String {
    let mut escaped = String::with_capacity(cell.len() + 1);
    // The index for an apostrophe if a formula comes next; `None` where none can begin.
    let mut begin = Some(0);
    for c in cell.chars() {
        if let Some(index) = begin
            && begins_formula(c)
        {
            escaped.insert(index, '\'');
            begin = None;
        }
        let is_blank = c.is_whitespace() || c.is_control() || canonical::is_invisible(c);
        escaped.push(c);
        if matches!(c, ';' | '\t' | '\r' | '\n' | '|') {
            begin = Some(escaped.len());
        } else if !is_blank {
            begin = None;
        }
    }
    // Some programs drop these characters and read the rest.
    if cell.starts_with(['\t', '\r', '\n']) && !escaped.starts_with('\'') {
        escaped.insert(0, '\'');
    }
    escaped
}

/// Whether `c` begins a formula, in any width or position.
fn begins_formula(c: char) -> bool {
    let mut bytes = [0; 4];
    // The last one is the minus sign.
    matches!(&*canonical::nfkc(c.encode_utf8(&mut bytes)), "=" | "+" | "-" | "@" | "\u{2212}")
}

/// A file to download: the names of the columns, then the rows of each page as it is read.
///
/// The first page is read before the response begins. A later failure breaks the connection off, so that a
/// part of the file isn't mistaken for all of it.
///
/// # Errors The first page can't be read.
pub(super) async fn table<T, E, const COLUMNS: usize>(
    name: &str,
    format: CsvFormat,
    header: [&str; COLUMNS],
    pages: impl Stream<Item = Result<Vec<T>, E>> + Send + 'static,
    cells: impl Fn(&T) -> [String; COLUMNS] + Send + 'static,
) -> Result<Response, E>
where
    T: Send + 'static,
    E: Into<axum::BoxError> + Display + Send + 'static,
{
    let mut pages = Box::pin(pages);
    let first = pages.try_next().await?;
    let header = row(header.map(str::to_owned));
    let rows = stream::iter(first.map(Ok)).chain(pages).map(move |page| match page {
        Ok(page) => Ok(page.iter().flat_map(|item| row(cells(item))).collect::<Bytes>()),
        Err(error) => {
            tracing::error!(%error, "a file that is being downloaded breaks off");
            Err(error)
        }
    });
    Ok(download(name, format, stream::once(async { Ok(header) }).chain(rows)))
}

/// A file to download.
pub(super) fn download<S, E>(name: &str, format: CsvFormat, rows: S) -> Response
where
    S: Stream<Item = Result<Bytes, E>> + Send + 'static,
    E: Into<axum::BoxError> + Send + 'static,
{
    let mark = format.has_byte_order_mark.then_some(Bytes::from_static(BYTE_ORDER_MARK));
    let rows = stream::iter(mark.map(Ok)).chain(rows);
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

    #[test]
    fn formulas_are_neutralized_however_they_are_hidden() {
        for sign in [
            '=', '+', '-', '@', '＝', '＋', '－', '＠', '﹢', '﹣', '﹦', '﹫', '⁺', '⁻', '⁼', '₊', '₋', '₌',
            '\u{2212}',
        ] {
            assert_eq!(text(&format!("{sign}1")), format!("'{sign}1"));
            for before in [
                " ",
                "\u{a0}",
                "\u{3000}",
                "\u{200b}",
                "\u{202e}",
                "\u{feff}",
                "\u{ad}",
                "\0",
                "\u{1b}",
                " \u{200b} ",
                "\u{2028}",
            ] {
                assert_eq!(text(&format!("{before}{sign}1")), format!("'{before}{sign}1"), "{before:?}");
            }
            for end in [";", "\t", "\n", "\r\n", "|"] {
                assert_eq!(text(&format!("a{end} {sign}1")), format!("a{end}' {sign}1"), "{end:?}");
            }
        }
        assert_eq!(text("\t=1"), "\t'=1".replacen('\t', "'\t", 1));
        assert_eq!(text("\ra"), "'\ra");
    }

    #[test]
    fn other_text_stays_as_it_is() {
        for plain in
            ["", " ", "a", "gpt-4o", "a=b", "1-2", "a; b", "mira@example.com", "’", "–dash", "日本", "a | b", "'=1"]
        {
            assert_eq!(text(plain), plain);
        }
    }
}
