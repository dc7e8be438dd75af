//! The journal: where a call is written down first, on this machine's disk.
//!
//! A call has two lines: that it begins, written before a provider is asked and left to the system's memory, where it
//! outlives the process; and how it ended, which is on the disk before the client sees the last byte. One thread
//! makes that durable for all that wait at a time. The [storer](super::storer) reads the lines again and brings them to the
//! database: that is the only way there, whether the database answers at once, in ten minutes or after a restart.
//!
//! ```text
//! data/journal/01794…-9f2c…/   one for each process, which holds a lock on it
//!                lock
//!                stored        before this place, all is in the database
//!                000001.log    lines
//!              set-aside/      what can't be stored, for itself
//! ```

mod entry;
mod folder;
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
    entry::{Kind, line},
    folder::{Folder, Place},
    read::{Lines, Part, read},
    set_aside::SetAside,
    storing::Readable,
    writer::Journal,
};

/// Where the journal lies, and how much of it there may be.
#[derive(Clone, Debug)]
pub struct JournalSettings {
    /// Several processes may share it.
    pub folder: PathBuf,
    /// So many bytes may wait for the database until new calls are refused.
    pub max_bytes: u64,
    /// For so long may a call wait for the database until new ones are refused.
    pub max_age: Duration,
    /// How long a file of it gets, about; it is deleted as a whole.
    pub segment_bytes: u64,
}

impl JournalSettings {
    /// Unless configured: 1 GiB.
    pub const MAX_BYTES: u64 = 1 << 30;
    /// Unless configured: 15 minutes.
    pub const MAX_AGE: Duration = Duration::from_secs(15 * 60);

    /// In this folder, with files of 8 MiB.
    pub fn at(folder: impl Into<PathBuf>) -> Self {
        Self { folder: folder.into(), max_bytes: Self::MAX_BYTES, max_age: Self::MAX_AGE, segment_bytes: 8 << 20 }
    }
}
