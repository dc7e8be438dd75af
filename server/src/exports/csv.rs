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

/// What a file begins with by which some spreadsheets know it as UTF-8; they take it for their country's letters otherwise.
const BYTE_ORDER_MARK: &[u8] = "\u{feff}".as_bytes();

/// How somebody wants a file.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub(super) struct Form {
    /// Whether a byte order mark stands before it.
    pub(super) marked: bool,
}

impl Form {
    /// As a query says it: `bom=true`.
    pub(super) fn of(query: &Query) -> Self {
        Self { marked: query.text("bom") == Some("true") }
    }
}

/// A row as bytes, each cell quoted where it must be.
pub(super) fn row<I: IntoIterator<Item = String>>(cells: I) -> Bytes {
    let mut writer = csv::WriterBuilder::new().terminator(csv::Terminator::CRLF).from_writer(Vec::new());
    // Writing to memory can't fail; a row that could would be left out whole.
    if writer.write_record(cells).is_err() {
        return Bytes::new();
    }
    writer.into_inner().map(Bytes::from).unwrap_or_default()
}

/// Text in which nothing is a formula to a spreadsheet: what would be gets an apostrophe in front
/// ([OWASP](https://owasp.org/www-community/attacks/CSV_Injection)). Numbers don't pass through here.
///
/// A formula may begin the cell, behind what spreadsheets drop or don't show, or follow what some of them, depending on the
/// country, take for the end of a cell: quotes are none to them if they don't begin it.
pub(super) fn text(cell: &str) -> String {
    let mut written = String::with_capacity(cell.len() + 1);
    // Where an apostrophe belongs, if a formula comes next; nothing where none can.
    let mut begin = Some(0);
    for c in cell.chars() {
        if let Some(place) = begin
            && begins_formula(c)
        {
            written.insert(place, '\'');
            begin = None;
        }
        let blank = c.is_whitespace() || c.is_control() || canonical::is_invisible(c);
        written.push(c);
        if matches!(c, ';' | '\t' | '\r' | '\n' | '|') {
            begin = Some(written.len());
        } else if !blank {
            begin = None;
        }
    }
    // Some programs drop these, and see what is behind them.
    if cell.starts_with(['\t', '\r', '\n']) && !written.starts_with('\'') {
        written.insert(0, '\'');
    }
    written
}

/// Whether a formula begins with `c`, in whatever width or place it is written.
fn begins_formula(c: char) -> bool {
    let mut bytes = [0; 4];
    // The last is the minus sign.
    matches!(&*canonical::nfkc(c.encode_utf8(&mut bytes)), "=" | "+" | "-" | "@" | "\u{2212}")
}

/// A file to download: what the columns are called, then the rows of each page as it is read.
///
/// The first page is read before the answer begins. What fails later breaks the connection off, so that nobody takes a part of
/// the file for all of it.
///
/// # Errors
/// The first page can't be read.
pub(super) async fn table<T, E, const COLUMNS: usize>(
    name: &str,
    form: Form,
    header: [&str; COLUMNS],
    pages: impl Stream<Item = Result<Vec<T>, E>> + Send + 'static,
    cells: fn(&T) -> [String; COLUMNS],
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
    Ok(download(name, form, stream::once(async { Ok(header) }).chain(rows)))
}

/// A file to download.
pub(super) fn download<S, E>(name: &str, form: Form, rows: S) -> Response
where
    S: Stream<Item = Result<Bytes, E>> + Send + 'static,
    E: Into<axum::BoxError> + Send + 'static,
{
    let mark = form.marked.then_some(Bytes::from_static(BYTE_ORDER_MARK));
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
