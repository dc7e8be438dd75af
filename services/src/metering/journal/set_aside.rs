//! Lines and segments that can't be stored, moved to files of their own so that they block nothing else.

use std::{
    fs::{self, OpenOptions},
    io::{self, BufRead, BufReader, Write},
    path::{Path, PathBuf},
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
};

use super::folder::{SET_ASIDE, make_private};

/// File of refused calls, in the journal's format so that it can be read as a segment again.
const REFUSED: &str = "refused.log";

/// The folder of calls and segments that were set aside. Cheap to clone.
#[derive(Clone)]
pub(in crate::metering) struct SetAside {
    folder: PathBuf,
    count: Arc<AtomicU64>,
}

impl SetAside {
    pub(super) fn open(root: &Path) -> io::Result<Self> {
        let folder = root.join(SET_ASIDE);
        let mut count = 0;
        if folder.try_exists()? {
            for entry in fs::read_dir(&folder)? {
                let entry = entry?;
                count += if entry.file_name() == REFUSED { count_lines(&entry.path())? } else { 1 };
            }
        }
        Ok(Self { folder, count: Arc::new(AtomicU64::new(count)) })
    }

    /// Number of calls and damaged segments in the folder.
    pub(in crate::metering) fn count(&self) -> u64 {
        self.count.load(Ordering::Relaxed)
    }

    /// Appends a line and syncs it.
    pub(in crate::metering) fn add_line(&self, line: &[u8]) -> io::Result<()> {
        make_private(&self.folder)?;
        let mut options = OpenOptions::new();
        options.append(true).create(true);
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        let mut file = options.open(self.folder.join(REFUSED))?;
        file.write_all(line)?;
        file.sync_data()?;
        self.count.fetch_add(1, Ordering::Relaxed);
        Ok(())
    }

    /// Moves a segment here that can't be read completely.
    pub(in crate::metering) fn add_segment(&self, segment: &Path) -> io::Result<()> {
        make_private(&self.folder)?;
        let part =
            |path: Option<&Path>| path.and_then(Path::file_name).unwrap_or_default().to_string_lossy().into_owned();
        let name = format!("{}-{}", part(segment.parent()), part(Some(segment)));
        fs::rename(segment, self.folder.join(name))?;
        self.count.fetch_add(1, Ordering::Relaxed);
        Ok(())
    }
}

fn count_lines(file: &Path) -> io::Result<u64> {
    let mut reader = BufReader::new(fs::File::open(file)?);
    let mut count = 0;
    // Reads buffer by buffer, since a line may have any length.
    loop {
        let read = reader.fill_buf()?;
        if read.is_empty() {
            return Ok(count);
        }
        count += read.iter().filter(|byte| **byte == b'\n').count() as u64;
        let read = read.len();
        reader.consume(read);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_set_aside_is_counted_after_a_restart_too() {
        let root = tempfile::tempdir().unwrap();
        let aside = SetAside::open(root.path()).unwrap();
        assert_eq!(aside.count(), 0);
        aside.add_line(b"one\n").unwrap();
        aside.add_line(b"two\n").unwrap();
        let segment = root.path().join("000001.log");
        fs::write(&segment, "a\nb\nc\n").unwrap();
        aside.add_segment(&segment).unwrap();
        assert!(!segment.exists());
        assert_eq!((aside.count(), SetAside::open(root.path()).unwrap().count()), (3, 3));
    }
}
