//! The write-ahead journal of calls, on this machine's disk.
//!
//! A call has two lines. The first records that it begins: it is written before the provider is asked, and
//! only to the page cache, where it outlives the process. The second records how it ended, and is synced
//! before the client sees the last byte. One thread syncs for all waiting calls at once. The
//! [storer](super::storer) reads the lines back and writes them to the database: the only way there, whether
//! the database answers at once, in ten minutes or after a restart.
//!
//! ```text
//! data/journal/01794…-9f2c…/   one for each process, which holds a lock on it
//!                lock
//!                stored        position up to which everything is in the database
//!                000001.log    lines
//!              set-aside/      lines and segments that can't be stored
//! ```

mod entry;
mod folder;
mod progress;
mod read;
mod segment;
mod set_aside;
mod state;
mod storing;
mod sync;
mod writer;

use std::{path::PathBuf, time::Duration};

pub use self::writer::MeterStatus;
pub(super) use self::{
    entry::{EntryKind, encode_line},
    folder::{Folder, JournalPosition},
    read::{JournalLines, ReadRange, read},
    set_aside::SetAside,
    storing::Readable,
    writer::Journal,
};

/// The journal's folder and limits.
#[derive(Clone, Debug)]
pub struct JournalSettings {
    /// The journal's folder. Several processes may share it.
    pub folder: PathBuf,
    /// Bytes that may wait for the database before new calls are refused.
    pub max_bytes: u64,
    /// How long a call may wait for the database before new calls are refused.
    pub max_age: Duration,
    /// Approximate size of a segment file, which is deleted as a whole.
    pub segment_bytes: u64,
}

impl JournalSettings {
    /// The default of `max_bytes`: 1 GiB.
    pub const MAX_BYTES: u64 = 1 << 30;
    /// The default of `max_age`: 15 minutes.
    pub const MAX_AGE: Duration = Duration::from_secs(15 * 60);

    /// Default settings for a folder, with segments of 8 MiB.
    pub fn at(folder: impl Into<PathBuf>) -> Self {
        Self { folder: folder.into(), max_bytes: Self::MAX_BYTES, max_age: Self::MAX_AGE, segment_bytes: 8 << 20 }
    }
}
