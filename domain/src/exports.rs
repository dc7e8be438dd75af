//! Exports: data of an organization as a file.
//!
//! A file is made as it is downloaded. One with more than [`LONG_EXPORT_ROWS`] rows can be made by a job first, which shows its progress
//! and keeps it for [`KEPT_HOURS`].

pub mod columns;

use serde::{Deserialize, Serialize};

use crate::{choices, errors::FieldErrors, ids::ExportId, permissions::Permission, time::Timestamp};

/// Number of rows above which the dashboard has a file made by a job.
pub const LONG_EXPORT_ROWS: u64 = 100_000;
/// Hours for which a file that a job made can be downloaded.
pub const KEPT_HOURS: i64 = 24;
/// Longest query of an export, in bytes.
pub const MAX_EXPORT_QUERY: usize = 16 * 1024;

choices! {
    /// The data that a file holds.
    ExportSource, "source" {
        /// Calls, one row each.
        Calls = "calls", "Calls";
        /// Usage by bucket and group, as the usage page shows it.
        Usage = "usage", "Usage";
        /// Cost by day, provider, model and project, in the columns of FOCUS.
        Cost = "cost", "Cost";
    }
}

choices! {
    /// The format of a file.
    #[derive(Default)]
    FileFormat, "format" {
        /// RFC 4180.
        #[default]
        Csv = "csv", "CSV";
        /// One JSON object on each line.
        JsonLines = "jsonl", "JSON Lines";
    }
}

choices! {
    /// The state of an export.
    ExportState, "state" {
        Waiting = "waiting", "Waiting";
        Running = "running", "Running";
        Ready = "ready", "Ready";
        Failed = "failed", "Failed";
        Canceled = "canceled", "Canceled";
    }
}

impl ExportSource {
    /// The permission that the file requires.
    pub const fn permission(self) -> Permission {
        match self {
            Self::Calls => Permission::ViewLogs,
            Self::Usage | Self::Cost => Permission::ViewUsage,
        }
    }

    /// Whether the data can be written in this format.
    pub const fn has_format(self, format: FileFormat) -> bool {
        matches!((self, format), (_, FileFormat::Csv) | (Self::Calls, FileFormat::JsonLines))
    }

    /// The path at which the file is downloaded as it is made.
    pub const fn path(self, format: FileFormat) -> &'static str {
        match (self, format) {
            (Self::Calls, FileFormat::Csv) => "/api/calls/export.csv",
            (Self::Calls, FileFormat::JsonLines) => "/api/calls/export.jsonl",
            (Self::Usage, _) => "/api/usage/export.csv",
            (Self::Cost, _) => "/api/usage/focus.csv",
        }
    }

    /// The part of a file's name that says what it holds.
    pub const fn file_stem(self) -> &'static str {
        match self {
            Self::Calls => "calls",
            Self::Usage => "usage",
            Self::Cost => "focus",
        }
    }
}

impl FileFormat {
    /// The media type. JSON Lines has no registered one; this is the one in use.
    pub const fn media_type(self) -> &'static str {
        match self {
            Self::Csv => "text/csv; charset=utf-8",
            Self::JsonLines => "application/x-ndjson; charset=utf-8",
        }
    }
}

impl ExportState {
    /// Whether the file is still to be made, at least in part.
    pub const fn is_unfinished(self) -> bool {
        matches!(self, Self::Waiting | Self::Running)
    }

    /// Whether the file can be downloaded.
    pub const fn is_ready(self) -> bool {
        matches!(self, Self::Ready)
    }
}

/// A file that a job is to make.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(deny_unknown_fields)]
pub struct NewExport {
    pub source: ExportSource,
    pub format: FileFormat,
    /// The query of the file's address without the organization: filters, `columns`, `bom`.
    pub query: String,
}

impl NewExport {
    /// # Errors
    /// The data doesn't come in this format, or the query is too long.
    pub fn check(&self) -> Result<(), FieldErrors> {
        let mut errors = FieldErrors::default();
        if !self.source.has_format(self.format) {
            errors.add("format", format!("{} can't be exported as {}.", self.source.label(), self.format.label()));
        }
        if self.query.len() > MAX_EXPORT_QUERY {
            errors.add("query", format!("Use at most {MAX_EXPORT_QUERY} bytes."));
        }
        errors.into_result()
    }
}

/// A file that a job makes or has made, as its member sees it.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct Export {
    pub id: ExportId,
    pub source: ExportSource,
    pub format: FileFormat,
    pub state: ExportState,
    /// Rows written so far.
    pub rows: u64,
    /// Rows that the file will have at most; `None` if that isn't known.
    pub expected_rows: Option<u64>,
    /// Bytes written so far.
    pub bytes: u64,
    pub created_at: Timestamp,
    /// The time until which the file can be downloaded, once it is ready.
    pub expires_at: Option<Timestamp>,
    /// Why there is no file; empty unless it failed.
    pub error: String,
}

impl Export {
    /// The share of the rows that are written, in whole percent; `None` if that isn't known. Only a finished file has 100.
    pub fn percent(&self) -> Option<u8> {
        if self.state == ExportState::Ready {
            return Some(100);
        }
        let expected = self.expected_rows.filter(|expected| *expected > 0)?;
        u8::try_from((self.rows.saturating_mul(100) / expected).min(99)).ok()
    }

    /// The address of the file in the organization with this slug.
    pub fn href(&self, organization: &str) -> String {
        file_href(self.id, organization)
    }
}

/// The path at which files that jobs made are downloaded.
pub const FILE_PATH: &str = "/api/exports/file";

/// The address of an export's file in the organization with this slug.
pub fn file_href(export: ExportId, organization: &str) -> String {
    format!("{FILE_PATH}?organization={organization}&export={export}")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn export(state: ExportState, rows: u64, expected_rows: Option<u64>) -> Export {
        Export {
            id: ExportId::new(uuid::Uuid::from_u128(7)),
            source: ExportSource::Calls,
            format: FileFormat::Csv,
            state,
            rows,
            expected_rows,
            bytes: 0,
            created_at: Timestamp::default(),
            expires_at: None,
            error: String::new(),
        }
    }

    #[test]
    fn progress_ends_at_99_percent_until_the_file_is_ready() {
        let percent = |state, rows, expected| export(state, rows, expected).percent();
        assert_eq!(percent(ExportState::Running, 0, Some(200)), Some(0));
        assert_eq!(percent(ExportState::Running, 50, Some(200)), Some(25));
        assert_eq!(percent(ExportState::Running, 300, Some(200)), Some(99));
        assert_eq!(percent(ExportState::Running, u64::MAX, Some(1)), Some(99));
        assert_eq!(percent(ExportState::Running, 5, None), None);
        assert_eq!(percent(ExportState::Running, 0, Some(0)), None);
        assert_eq!(percent(ExportState::Ready, 150, Some(200)), Some(100));
    }

    #[test]
    fn only_calls_come_as_json_lines() {
        for source in ExportSource::ALL {
            for format in FileFormat::ALL {
                let new = NewExport { source, format, query: String::new() };
                assert_eq!(new.check().is_ok(), source == ExportSource::Calls || format == FileFormat::Csv, "{new:?}");
            }
        }
        let long = "x".repeat(MAX_EXPORT_QUERY + 1);
        let new = NewExport { source: ExportSource::Usage, format: FileFormat::Csv, query: long };
        assert!(new.check().unwrap_err().get("query").is_some());
    }

    #[test]
    fn a_file_has_an_address() {
        let href = export(ExportState::Ready, 1, None).href("acme");
        assert_eq!(href, "/api/exports/file?organization=acme&export=exp_00000000000000000000000007");
    }
}
