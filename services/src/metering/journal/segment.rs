//! A file of the journal: written from its beginning to its end, and then deleted.

use std::{
    fs::{File, OpenOptions},
    io::{self, Seek, SeekFrom, Write},
    path::{Path, PathBuf},
    sync::Arc,
};

/// How much room is made at a time ahead of what is written.
///
/// Zeros are written there: then a sync has no new length to note down, which takes a quarter of its time on ext4, and the
/// calls under way have a place to end in when the disk is full.
pub(super) const AHEAD: u64 = 128 * 1024;

pub(in crate::metering) struct Segment {
    pub(super) number: u64,
    /// Where the next line goes; the file's cursor stands here.
    pub(super) end: u64,
    /// Where the room that was made ends.
    room: u64,
    file: Arc<File>,
}

/// Where the segment of this number lies.
pub(in crate::metering) fn path(folder: &Path, number: u64) -> PathBuf {
    folder.join(format!("{number:06}.log"))
}

/// The number of the segment with this file name.
pub(in crate::metering) fn number(name: &str) -> Option<u64> {
    name.strip_suffix(".log")?.parse().ok()
}

impl Segment {
    /// An empty segment that is certain to be found again.
    pub(super) fn create(folder: &Path, number: u64) -> io::Result<Self> {
        let mut options = OpenOptions::new();
        options.write(true).create_new(true);
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        let path = path(folder, number);
        let file = Arc::new(options.open(&path)?);
        let mut segment = Self { number, end: 0, room: 0, file };
        let made = segment.make_room(AHEAD).and_then(|()| segment.file.sync_all()).and_then(|()| sync_folder(folder));
        match made {
            Ok(()) => Ok(segment),
            Err(error) => {
                // It would be in the way of the next try.
                let _ = std::fs::remove_file(&path);
                Err(error)
            }
        }
    }

    /// One that takes lines and can't be synced: a pipe.
    #[cfg(test)]
    pub(super) fn unsyncable(number: u64) -> Self {
        let (reader, writer) = io::pipe().unwrap();
        // As long as somebody could read from it, it can be written to.
        std::mem::forget(reader);
        let file = Arc::new(File::from(std::os::fd::OwnedFd::from(writer)));
        Self { number, end: 0, room: u64::MAX / 2, file }
    }

    /// Writes whole lines at the end, all of them or none.
    pub(super) fn write(&mut self, lines: &[u8]) -> io::Result<()> {
        let mut file = &*self.file;
        match file.write_all(lines) {
            Ok(()) => {
                self.end += lines.len() as u64;
                self.room = self.room.max(self.end);
                Ok(())
            }
            Err(error) => {
                self.room = self.end;
                // Half a line that can't be taken back is passed over when it is read.
                file.set_len(self.end)?;
                file.seek(SeekFrom::Start(self.end))?;
                Err(error)
            }
        }
    }

    /// Whether so many more bytes have a place for certain.
    pub(super) fn has_room(&self, bytes: u64) -> bool {
        self.room >= self.end + bytes
    }

    /// Sees to it that so many more bytes have a place.
    pub(super) fn make_room(&mut self, bytes: u64) -> io::Result<()> {
        if self.has_room(bytes) {
            return Ok(());
        }
        let zeros = vec![0; usize::try_from(self.end + bytes + AHEAD - self.room).unwrap_or_default()];
        let mut file = &*self.file;
        file.seek(SeekFrom::Start(self.room))?;
        let written = file.write_all(&zeros);
        if written.is_ok() {
            self.room += zeros.len() as u64;
        }
        file.seek(SeekFrom::Start(self.end))?;
        written
    }

    /// What is synced while others go on writing.
    pub(super) fn file(&self) -> Arc<File> {
        Arc::clone(&self.file)
    }
}

/// Makes sure that a folder's new names are on the disk.
pub(super) fn sync_folder(folder: &Path) -> io::Result<()> {
    // Elsewhere a folder can't be opened as a file, and needn't be.
    if cfg!(unix) { File::open(folder)?.sync_all() } else { Ok(()) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_follow_each_other_whatever_room_is_made() {
        let folder = tempfile::tempdir().unwrap();
        let mut segment = Segment::create(folder.path(), 1).unwrap();
        assert_eq!(path(folder.path(), 1).metadata().unwrap().len(), 2 * AHEAD);
        let mut written = Vec::new();
        for number in 0..5_000 {
            let line = format!("{number} {}\n", "x".repeat(number % 200));
            segment.write(line.as_bytes()).unwrap();
            segment.make_room(AHEAD).unwrap();
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
