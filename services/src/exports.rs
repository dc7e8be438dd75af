//! Files that jobs make for members, since they are long.
//!
//! A member starts an export, which is a row of `exports` and a job. The job's [`ExportRun`] writes the file and its progress, and can be
//! stopped; afterwards the member who started it downloads the file for a day. What the file holds isn't known here: the server, which
//! writes short files too, makes the rows.
//!
//! With SQLite, which has one server, the file is in a folder of it ([`ExportFolder`]). With PostgreSQL any server may be asked for a file
//! that another one made, so its content is in the database, in compressed chunks: servers need neither a common folder nor
//! connections to each other, and a file outlives the server that made it.

mod cleanup;
mod content;
mod count;
mod folder;
mod list;
mod period;
mod rows;
mod run;
mod scope;
mod start;

use std::time::Duration;

pub use self::{
    cleanup::delete_expired,
    content::{ExportContent, open},
    count::count_calls,
    folder::ExportFolder,
    list::{cancel, list},
    period::billing_period,
    run::{ExportRun, WriteOutcome},
    start::start,
};
use crate::jobs::JobPolicy;

/// The kind of the jobs.
pub const JOB_KIND: &str = "export";

/// Exports of an organization that may wait or run at a time.
const MAX_UNFINISHED: u64 = 10;
/// Bytes that a file may have, and at which an organization's files are so many that it starts no other.
const MAX_STORED_BYTES: i64 = 4 << 30;

/// The limits of the jobs: a server makes two files at a time, so that their readers don't take what calls need.
pub fn policy() -> JobPolicy {
    JobPolicy { max_attempts: 3, timeout: Duration::from_secs(2 * 60 * 60), max_running: 2, period: None }
}
