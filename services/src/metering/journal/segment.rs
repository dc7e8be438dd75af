//! A segment file of the journal: written from beginning to end, then deleted.

use std::{
    fs::{File, OpenOptions},
    io::{self, Seek, SeekFrom, Write},
    path::{Path, PathBuf},
    sync::Arc,
};

/// Bytes that are preallocated at a time, by writing zeros ahead of the lines.
///
/// A sync then has no new file length to record, which would take a quarter of its time on ext4, and running
/// calls have room for their results when the disk is full.
pub(super) const PREALLOCATED_BYTES: u64 = 128 * 1024;

pub(in crate::metering) struct Segment {
    pub(super) number: u64,
    /// End of the lines, where the next one is written and the file's cursor is.
    pub(super) end: u64,
    /// End of the preallocated bytes.
    preallocated_end: u64,
    file: Arc<File>,
}

/// The path of the segment with this number.
pub(in crate::metering) fn path(folder: &Path, number: u64) -> PathBuf {
    folder.join(format!("{number:06}.log"))
}

/// The number of the segment with this file name.
pub(in crate::metering) fn number(name: &str) -> Option<u64> {
    name.strip_suffix(".log")?.parse().ok()
}

impl Segment {
    /// Creates an empty segment, with its file and folder entry synced.
    pub(super) fn create(folder: &Path, number: u64) -> io::Result<Self> {
        let mut options = OpenOptions::new();
        options.write(true).create_new(true);
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        let path = path(folder, number);
        let file = Arc::new(options.open(&path)?);
        let mut segment = Self { number, end: 0, preallocated_end: 0, file };
        let result = segment
            .preallocate(PREALLOCATED_BYTES)
            .and_then(|()| segment.file.sync_all())
            .and_then(|()| sync_folder(folder));
        match result {
            Ok(()) => Ok(segment),
            Err(error) => {
                // The next attempt creates a file of the same name.
                let _ = std::fs::remove_file(&path);
                Err(error)
            }
        }
    }

    /// A segment that accepts lines and can't be synced: a pipe.
    #[cfg(test)]
    pub(super) fn unsyncable(number: u64) -> Self {
        let (reader, writer) = io::pipe().unwrap();
        // A pipe can be written to while its read end is open.
        std::mem::forget(reader);
        let file = Arc::new(File::from(std::os::fd::OwnedFd::from(writer)));
        Self { number, end: 0, preallocated_end: u64::MAX / 2, file }
    }

    /// Appends complete lines, all of them or none.
    pub(super) fn write(&mut self, lines: &[u8]) -> io::Result<()> {
        let mut file = &*self.file;
        match file.write_all(lines) {
            Ok(()) => {
                self.end += lines.len() as u64;
                self.preallocated_end = self.preallocated_end.max(self.end);
                Ok(())
            }
            Err(error) => {
                self.preallocated_end = self.end;
                // A partial line that can't be truncated is skipped when the segment is read.
                file.set_len(self.end)?;
                file.seek(SeekFrom::Start(self.end))?;
                Err(error)
            }
        }
    }

    /// Whether this many more bytes are preallocated.
    pub(super) fn has_room(&self, bytes: u64) -> bool {
        self.preallocated_end >= self.end + bytes
    }

    /// Preallocates space for this many more bytes.
    pub(super) fn preallocate(&mut self, bytes: u64) -> io::Result<()> {
        if self.has_room(bytes) {
            return Ok(());
        }
        let missing = self.end + bytes + PREALLOCATED_BYTES - self.preallocated_end;
        let zeros = vec![0; usize::try_from(missing).unwrap_or_default()];
        let mut file = &*self.file;
        file.seek(SeekFrom::Start(self.preallocated_end))?;
        let written = file.write_all(&zeros);
        if written.is_ok() {
            self.preallocated_end += zeros.len() as u64;
        }
        file.seek(SeekFrom::Start(self.end))?;
        written
    }

    /// The file, to be synced while others write.
    pub(super) fn file(&self) -> Arc<File> {
        Arc::clone(&self.file)
    }
}

/// Syncs a folder, so that its new names are on the disk.
pub(super) fn sync_folder(folder: &Path) -> io::Result<()> {
    // Other systems can't open a folder as a file, and don't need it.
    if cfg!(unix) { File::open(folder)?.sync_all() } else { Ok(()) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_follow_each_other_whatever_room_is_made() {
        let folder = tempfile::tempdir().unwrap();
        let mut segment = Segment::create(folder.path(), 1).unwrap();
        assert_eq!(path(folder.path(), 1).metadata().unwrap().len(), 2 * PREALLOCATED_BYTES);
        let mut written = Vec::new();
        for number in 0..5_000 {
            let line = format!("{number} {}\n", "x".repeat(number % 200));
            segment.write(line.as_bytes()).unwrap();
            segment.preallocate(PREALLOCATED_BYTES).unwrap();
            written.extend(line.into_bytes());
        }
        assert_eq!(segment.end, written.len() as u64);
        let read = std::fs::read(path(folder.path(), 1)).unwrap();
        assert_eq!(read[..written.len()], written);
        assert!(read[written.len()..].iter().all(|byte| *byte == 0));
        assert!(Segment::create(folder.path(), 1).is_err());
    }

    #[test]
    fn names_tell_their_number() {
        let name = path(Path::new("journal"), 42).file_name().unwrap().to_str().unwrap().to_owned();
        assert_eq!((name.as_str(), number(&name)), ("000042.log", Some(42)));
        assert_eq!(number("lock"), None);
    }
}
