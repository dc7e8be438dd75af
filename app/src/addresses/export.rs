use domain::exports::{
    ExportSource, FileFormat, NewExport,
    columns::{CALL_COLUMNS, FOCUS_COLUMNS, usage_columns},
};

use super::{query::Query, usage::UsageAddress};

/// The address of a file that the server makes of a page's data: `organization`, the page's own query, `columns` and `bom`.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct ExportAddress {
    path: String,
    query: Query,
}

impl ExportAddress {
    /// Parses a path with its query.
    pub fn parse(href: &str) -> Self {
        let (path, query) = href.split_once('?').unwrap_or((href, ""));
        Self { path: path.to_owned(), query: Query::parse(query) }
    }

    /// What the file holds, and in which format; `None` for data that jobs don't export.
    pub fn content(&self) -> Option<(ExportSource, FileFormat)> {
        let all = ExportSource::ALL.into_iter().flat_map(|source| FileFormat::ALL.map(|format| (source, format)));
        let mut fitting = all.filter(|(source, format)| source.has_format(*format));
        fitting.find(|(source, format)| source.path(*format) == self.path)
    }

    /// The files that can be made of the same data, the first one being that of the page.
    pub fn choices(&self) -> &'static [(ExportSource, FileFormat)] {
        match self.content() {
            None => &[],
            Some((ExportSource::Calls, _)) => {
                &[(ExportSource::Calls, FileFormat::Csv), (ExportSource::Calls, FileFormat::JsonLines)]
            }
            Some((ExportSource::Usage | ExportSource::Cost, _)) => {
                &[(ExportSource::Usage, FileFormat::Csv), (ExportSource::Cost, FileFormat::Csv)]
            }
        }
    }

    /// The address of another file of the same data.
    #[must_use]
    pub fn with_content(self, (source, format): (ExportSource, FileFormat)) -> Self {
        Self { path: source.path(format).to_owned(), ..self }
    }

    /// The same file, with a byte-order mark or without.
    #[must_use]
    pub fn with_mark(self, has_mark: bool) -> Self {
        Self { query: self.query.with("bom", has_mark.then_some(true)), ..self }
    }

    /// The same file with these columns only; without any, with all.
    #[must_use]
    pub fn with_columns(self, columns: &[String]) -> Self {
        let columns = (!columns.is_empty()).then(|| columns.join(","));
        Self { query: self.query.with("columns", columns), ..self }
    }

    /// The columns among which a file has some or all; empty where there are none.
    pub fn columns(&self) -> Vec<String> {
        match self.content() {
            Some((ExportSource::Calls, FileFormat::Csv)) => CALL_COLUMNS.map(str::to_owned).into(),
            Some((ExportSource::Usage, _)) => {
                let query = UsageAddress::parse(&self.search()).query;
                usage_columns(query.view(), &query.group, query.metric, query.compare)
            }
            Some((ExportSource::Cost, _)) => FOCUS_COLUMNS.map(str::to_owned).into(),
            Some((ExportSource::Calls, FileFormat::JsonLines)) | None => Vec::new(),
        }
    }

    /// Path and query.
    pub fn href(&self) -> String {
        self.query.append_to(&self.path)
    }

    /// The file for a job to make; `None` for data that jobs don't export.
    pub fn new_export(&self) -> Option<NewExport> {
        let (source, format) = self.content()?;
        Some(NewExport { source, format, query: self.search() })
    }

    /// The query without the organization.
    fn search(&self) -> String {
        let search = self.query.clone().with("organization", None::<&str>).append_to("");
        search.trim_start_matches('?').to_owned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_keeps_its_filter_in_every_format() {
        let file = ExportAddress::parse("/api/calls/export.csv?range=7d&model=a&model=b&organization=acme");
        assert_eq!(file.choices().len(), 2);
        assert_eq!(file.content(), Some((ExportSource::Calls, FileFormat::Csv)));
        let lines = file.clone().with_content(file.choices()[1]);
        assert_eq!(lines.href(), "/api/calls/export.jsonl?range=7d&model=a&model=b&organization=acme");
        let new = lines.new_export().unwrap();
        assert_eq!((new.format, new.query.as_str()), (FileFormat::JsonLines, "range=7d&model=a&model=b"));
        assert_eq!((file.columns().len(), lines.columns().len()), (CALL_COLUMNS.len(), 0));
    }

    #[test]
    fn columns_and_mark_are_in_the_address_if_they_are_chosen() {
        let file = ExportAddress::parse("/api/calls/export.csv?organization=acme");
        let columns = ["model", "cost_usd"].map(str::to_owned);
        let chosen = file.clone().with_columns(&columns).with_mark(true);
        assert_eq!(chosen.href(), "/api/calls/export.csv?organization=acme&columns=model%2Ccost_usd&bom=true");
        assert_eq!(chosen.with_columns(&[]).with_mark(false), file);
    }

    #[test]
    fn usage_has_the_columns_of_its_group_and_can_be_cost_by_focus() {
        let file = ExportAddress::parse("/api/usage/export.csv?range=7d&group=project&organization=acme");
        assert_eq!(file.columns()[..4], ["day", "time_zone", "project_name", "project_id"]);
        let cost = file.clone().with_content(file.choices()[1]);
        assert_eq!(cost.href(), "/api/usage/focus.csv?range=7d&group=project&organization=acme");
        assert_eq!(cost.columns().len(), FOCUS_COLUMNS.len());
    }

    #[test]
    fn other_files_are_downloaded_only() {
        let file = ExportAddress::parse("/api/api_keys/export.csv?organization=acme");
        assert_eq!((file.content(), file.choices().len(), file.new_export()), (None, 0, None));
        assert_eq!(file.href(), "/api/api_keys/export.csv?organization=acme");
    }
}
