//! Rows of CSV (RFC 4180).

use std::{
    borrow::Cow,
    fmt::{Display, Write},
};

use app::addresses::Query;
use axum::body::Bytes;
use domain::validation::canonical;

use super::file::FilePart;

/// The byte order mark, by which some spreadsheets recognize UTF-8; without it they assume the country's
/// encoding.
const BYTE_ORDER_MARK: &str = "\u{feff}";

/// Rows that are written cell by cell, without a copy of each: for files of millions.
pub(crate) struct CsvRows {
    writer: csv::Writer<Vec<u8>>,
    /// The cell that is being formatted.
    cell: String,
    rows: u64,
}

impl CsvRows {
    pub(crate) fn new() -> Self {
        let mut builder = csv::WriterBuilder::new();
        builder.terminator(csv::Terminator::CRLF).flexible(true);
        Self { writer: builder.from_writer(Vec::new()), cell: String::new(), rows: 0 }
    }

    /// Writes a cell of text that users supply, without formulas.
    pub(super) fn text(&mut self, cell: &str) {
        self.plain(&without_formulas(cell));
    }

    /// Writes a cell of text that can't be a formula.
    pub(crate) fn plain(&mut self, cell: &str) {
        // Writing to memory can't fail.
        let _ = self.writer.write_field(cell);
    }

    /// Writes a cell with a number, a moment or an ID.
    pub(crate) fn value(&mut self, value: impl Display) {
        self.cell.clear();
        let _ = write!(self.cell, "{value}");
        let _ = self.writer.write_field(&self.cell);
    }

    /// Writes a cell with a value, or an empty one.
    pub(super) fn optional(&mut self, value: Option<impl Display>) {
        match value {
            Some(value) => self.value(value),
            None => self.plain(""),
        }
    }

    pub(crate) fn end_row(&mut self) {
        let _ = self.writer.write_record(None::<&[u8]>);
        self.rows += 1;
    }

    pub(crate) fn finish(self) -> FilePart {
        FilePart { rows: self.rows, bytes: self.writer.into_inner().map(Bytes::from).unwrap_or_default() }
    }
}

/// The beginning of a file: by choice (`bom=true`) a byte order mark, and the names of the columns.
pub(super) fn head<'a>(query: &Query, columns: impl IntoIterator<Item = &'a str>) -> Bytes {
    let mut rows = CsvRows::new();
    // A tag's name is the only one that users choose, and no formula.
    columns.into_iter().for_each(|column| rows.plain(column));
    rows.end_row();
    let row = rows.finish().bytes;
    if query.text("bom") == Some("true") { [BYTE_ORDER_MARK.as_bytes(), &row].concat().into() } else { row }
}

/// Neutralizes formulas in text: an apostrophe is put in front of each
/// ([OWASP](https://owasp.org/www-community/attacks/CSV_Injection)). Numbers don't pass through here.
///
/// A formula may begin the cell, after characters that spreadsheets drop or don't show, or follow a character
/// that some of them, depending on the country, treat as the end of a cell. Quotes don't protect it unless
/// they begin the cell.
pub(crate) fn text(cell: &str) -> String {
    without_formulas(cell).into_owned()
}

/// Like [`text`], without a copy where nothing changes.
fn without_formulas(cell: &str) -> Cow<'_, str> {
    if is_harmless(cell) {
        return Cow::Borrowed(cell);
    }
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
    Cow::Owned(escaped)
}

/// Whether text holds no character with which a formula could begin or be hidden: nearly all does, so most cells aren't copied.
fn is_harmless(cell: &str) -> bool {
    let Some(first) = cell.bytes().next() else { return true };
    let is_plain = |byte: u8| byte == b' ' || (byte.is_ascii_graphic() && !b";|".contains(&byte));
    !b" =+-@".contains(&first) && cell.bytes().all(is_plain)
}

/// Whether `c` begins a formula, in any width or position.
fn begins_formula(c: char) -> bool {
    let mut bytes = [0; 4];
    // The last one is the minus sign.
    matches!(&*canonical::nfkc(c.encode_utf8(&mut bytes)), "=" | "+" | "-" | "@" | "\u{2212}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn formulas_are_neutralized_and_quotes_doubled() {
        let mut rows = CsvRows::new();
        rows.text("=1+1");
        rows.text("a \"b\", c");
        rows.value(-5);
        rows.optional(None::<i64>);
        rows.end_row();
        let part = rows.finish();
        assert_eq!((part.rows, &part.bytes[..]), (1, &b"'=1+1,\"a \"\"b\"\", c\",-5,\r\n"[..]));
    }

    #[test]
    fn a_file_begins_with_its_columns_and_a_mark_by_choice() {
        let head = |query| head(&Query::parse(query), ["day", "calls"]);
        assert_eq!(head(""), "day,calls\r\n");
        assert_eq!(head("bom=true"), "\u{feff}day,calls\r\n");
    }

    proptest::proptest! {
        #[test]
        fn harmless_text_is_what_the_slow_way_leaves(cell in "[ -~]{0,6}") {
            if is_harmless(&cell) {
                // A prefix that isn't harmless makes it go the slow way.
                proptest::prop_assert_eq!(text(&format!("é{cell}")), format!("é{cell}"));
            }
        }
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
        assert_eq!(text(r#"{"customer":"a;=1+1|@x"}"#), r#"{"customer":"a;'=1+1|'@x"}"#);
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
