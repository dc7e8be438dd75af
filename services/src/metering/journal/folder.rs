//! Each process's part of the journal: a folder that it holds a lock on as long as it lives.

use std::{
    fs::{self, File, OpenOptions},
    io::{self, ErrorKind, Read},
    path::{Path, PathBuf},
};

use domain::time::Timestamp;

use super::segment;
use crate::new_reference;

const LOCK: &str = "lock";
/// What segments are named that are being looked for.
const STORED: &str = "stored";
/// What is put aside lies beside the folders of processes.
pub(super) const SET_ASIDE: &str = "set-aside";

pub(in crate::metering) struct Folder {
    pub(super) path: PathBuf,
    /// Released by the system when the process ends, however it does.
    _lock: File,
}

/// A place in the journal, before which all is in the database.
#[derive(Clone, Copy, Debug, Default, Eq, Ord, PartialEq, PartialOrd)]
pub(in crate::metering) struct Place {
    pub(in crate::metering) segment: u64,
    pub(in crate::metering) offset: u64,
}

impl Folder {
    /// A new folder in `root`, which is made if it isn't there. Later ones come later by name.
    pub(super) fn create(root: &Path, now: Timestamp) -> io::Result<Self> {
        make_private(root)?;
        let name = format!("{:014}-{}", now.millis(), new_reference());
        // Under this name it is nobody's to recover, until it is locked.
        let hidden = root.join(format!(".{name}"));
        make_private(&hidden)?;
        let lock = lock(&hidden)?.ok_or_else(|| io::Error::other("a new folder is locked already"))?;
        let path = root.join(name);
        fs::rename(hidden, &path)?;
        segment::sync_folder(root)?;
        Ok(Self { path, _lock: lock })
    }

    /// What processes left behind that don't live any more, the oldest first.
    pub(super) fn left_over(root: &Path) -> io::Result<Vec<Self>> {
        let mut found = Vec::new();
        for entry in fs::read_dir(root)? {
            let entry = entry?;
            let name = entry.file_name();
            let theirs = name != SET_ASIDE && !name.as_encoded_bytes().starts_with(b".");
            if theirs && entry.file_type()?.is_dir() {
                let path = entry.path();
                // Another process may be done with it at this very moment.
                match lock(&path) {
                    Ok(Some(lock)) => found.push(Self { path, _lock: lock }),
                    Ok(None) => {}
                    Err(error) if error.kind() == ErrorKind::NotFound => {}
                    Err(error) => return Err(error),
                }
            }
        }
        found.sort_by(|one, other| one.path.cmp(&other.path));
        Ok(found)
    }

    /// Numbers and lengths of its segments, in order.
    pub(in crate::metering) fn segments(&self) -> io::Result<Vec<(u64, u64)>> {
        let mut found = Vec::new();
        for entry in fs::read_dir(&self.path)? {
            let entry = entry?;
            if let Some(number) = entry.file_name().to_str().and_then(segment::number) {
                found.push((number, entry.metadata()?.len()));
            }
        }
        found.sort_unstable();
        Ok(found)
    }

    pub(in crate::metering) fn segment(&self, number: u64) -> PathBuf {
        segment::path(&self.path, number)
    }

    /// Notes down that all before `place` is in the database. Lost, it only costs queries.
    pub(in crate::metering) fn note_stored(&self, place: Place) -> io::Result<()> {
        let text = format!("{:020} {:020}", place.segment, place.offset);
        fs::write(self.path.join(STORED), format!("{text} {:08x}\n", crc32fast::hash(text.as_bytes())))
    }

    /// What was noted down last.
    pub(in crate::metering) fn stored(&self) -> Place {
        let mut text = String::new();
        let read = File::open(self.path.join(STORED)).and_then(|file| file.take(100).read_to_string(&mut text));
        let place = || {
            let (text, sum) = text.trim_end().rsplit_once(' ')?;
            let (segment, offset) = text.split_once(' ')?;
            let right = u32::from_str_radix(sum, 16).ok()? == crc32fast::hash(text.as_bytes());
            let place = Place { segment: segment.parse().ok()?, offset: offset.parse().ok()? };
            right.then_some(place)
        };
        read.ok().and_then(|_| place()).unwrap_or_default()
    }

    /// Deletes it with all that is left in it.
    pub(in crate::metering) fn remove(&self) -> io::Result<()> {
        fs::remove_dir_all(&self.path)
    }
}

/// The lock on a folder, if nobody holds it.
fn lock(folder: &Path) -> io::Result<Option<File>> {
    let file = OpenOptions::new().write(true).create(true).truncate(false).open(folder.join(LOCK))?;
    match file.try_lock() {
        Ok(()) => Ok(Some(file)),
        Err(fs::TryLockError::WouldBlock) => Ok(None),
        Err(fs::TryLockError::Error(error)) => Err(error),
    }
}

/// Makes a folder that nobody else may read.
pub(super) fn make_private(folder: &Path) -> io::Result<()> {
    let mut builder = fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(folder)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn now() -> Timestamp {
        Timestamp::from_millis(1_800_000_000_000)
    }

    #[test]
    fn only_what_nobody_holds_is_left_over() {
        let root = tempfile::tempdir().unwrap();
        let (mine, other) = (Folder::create(root.path(), now()).unwrap(), Folder::create(root.path(), now()).unwrap());
        make_private(&root.path().join(SET_ASIDE)).unwrap();
        make_private(&root.path().join(".half-made")).unwrap();
        assert!(Folder::left_over(root.path()).unwrap().is_empty());
        let path = mine.path.clone();
        drop(mine);
        let found = Folder::left_over(root.path()).unwrap();
        assert_eq!(found.iter().map(|folder| &folder.path).collect::<Vec<_>>(), [&path]);
        assert!(Folder::left_over(root.path()).unwrap().is_empty(), "somebody is on it");
        found[0].remove().unwrap();
        drop((found, other));
        assert_eq!(Folder::left_over(root.path()).unwrap().len(), 1);
    }

    #[test]
    fn a_torn_note_says_nothing() {
        let root = tempfile::tempdir().unwrap();
        let folder = Folder::create(root.path(), now()).unwrap();
        assert_eq!(folder.stored(), Place::default());
        let place = Place { segment: 3, offset: 70_000 };
        folder.note_stored(place).unwrap();
        assert_eq!(folder.stored(), place);
        let note = folder.path.join(STORED);
        let text = fs::read_to_string(&note).unwrap();
        for torn in [text[..30].to_owned(), text.replace('3', "4"), String::new()] {
            fs::write(&note, torn).unwrap();
            assert_eq!(folder.stored(), Place::default());
        }
    }
}
