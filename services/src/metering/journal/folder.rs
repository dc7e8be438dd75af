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
/// How folders are named that are being deleted.
const GONE: &str = ".gone-";
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
        let lock = lock(&hidden, true)?.ok_or_else(|| io::Error::other("a new folder is locked already"))?;
        let path = root.join(name);
        fs::rename(hidden, &path)?;
        segment::sync_folder(root)?;
        Ok(Self { path, _lock: lock })
    }

    /// What processes left behind that don't live any more, the oldest first; and why it isn't known of a folder whether
    /// somebody holds it.
    ///
    /// # Errors
    /// Nothing can be found.
    pub(in crate::metering) fn left_over(root: &Path) -> io::Result<(Vec<Self>, Option<io::Error>)> {
        let mut found = Vec::new();
        let mut doubtful = None;
        for entry in fs::read_dir(root)? {
            let entry = entry?;
            let name = entry.file_name();
            let theirs = name != SET_ASIDE && !name.as_encoded_bytes().starts_with(b".");
            if theirs && entry.file_type()?.is_dir() {
                let path = entry.path();
                match lock(&path, false).or_else(|error| lock_by_hand(&path, error)) {
                    Ok(Some(lock)) => found.push(Self { path, _lock: lock }),
                    Ok(None) => {}
                    // Another process may be done with it at this very moment.
                    Err(error) if error.kind() == ErrorKind::NotFound => {}
                    Err(error) => doubtful = Some(io::Error::new(error.kind(), format!("{}: {error}", path.display()))),
                }
            }
        }
        found.sort_by(|one, other| one.path.cmp(&other.path));
        Ok((found, doubtful))
    }

    /// Deletes what was being deleted when a process ended.
    pub(super) fn remove_gone(root: &Path) -> io::Result<()> {
        for entry in fs::read_dir(root)? {
            let entry = entry?;
            if entry.file_name().as_encoded_bytes().starts_with(GONE.as_bytes()) {
                match fs::remove_dir_all(entry.path()) {
                    Err(error) if error.kind() != ErrorKind::NotFound => return Err(error),
                    _ => {}
                }
            }
        }
        Ok(())
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
        // Under another name it is nobody's to recover, though its lock may be gone before the rest.
        let hidden = self.path.with_file_name(format!("{GONE}{}", new_reference()));
        fs::rename(&self.path, &hidden)?;
        fs::remove_dir_all(hidden)
    }
}

/// The lock on a folder that was made by hand, once there is something in it: it had none until now.
fn lock_by_hand(folder: &Path, error: io::Error) -> io::Result<Option<File>> {
    if error.kind() != ErrorKind::NotFound {
        return Err(error);
    }
    for entry in fs::read_dir(folder)? {
        if entry?.file_name().to_str().and_then(segment::number).is_some() {
            return lock(folder, true);
        }
    }
    Ok(None)
}

/// The lock on a folder, if nobody holds it.
fn lock(folder: &Path, make: bool) -> io::Result<Option<File>> {
    let path = folder.join(LOCK);
    let file = OpenOptions::new().write(true).create(make).truncate(false).open(&path)?;
    match file.try_lock() {
        // Where it isn't there any more, whoever held it has just removed the folder.
        Ok(()) => Ok(path.try_exists()?.then_some(file)),
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

    fn left_over(root: &Path) -> Vec<Folder> {
        let (found, doubtful) = Folder::left_over(root).unwrap();
        assert!(doubtful.is_none());
        found
    }

    #[test]
    fn one_that_cant_be_locked_keeps_no_other_from_being_found() {
        let root = tempfile::tempdir().unwrap();
        let left = Folder::create(root.path(), now()).unwrap().path;
        // No lock can be taken on a folder.
        fs::create_dir_all(root.path().join("0").join(LOCK)).unwrap();
        let (found, doubtful) = Folder::left_over(root.path()).unwrap();
        assert_eq!(found.iter().map(|folder| &folder.path).collect::<Vec<_>>(), [&left]);
        assert!(doubtful.unwrap().to_string().contains("/0"));
    }

    #[test]
    fn what_was_being_deleted_is_deleted_by_the_next() {
        let root = tempfile::tempdir().unwrap();
        make_private(&root.path().join(".gone-x")).unwrap();
        fs::write(segment::path(&root.path().join(".gone-x"), 1), "").unwrap();
        make_private(&root.path().join(".half-made")).unwrap();
        Folder::remove_gone(root.path()).unwrap();
        assert_eq!(fs::read_dir(root.path()).unwrap().count(), 1);
    }

    #[test]
    fn only_what_nobody_holds_is_left_over() {
        let root = tempfile::tempdir().unwrap();
        let (mine, other) = (Folder::create(root.path(), now()).unwrap(), Folder::create(root.path(), now()).unwrap());
        make_private(&root.path().join(SET_ASIDE)).unwrap();
        make_private(&root.path().join(".half-made")).unwrap();
        assert!(left_over(root.path()).is_empty());
        let path = mine.path.clone();
        drop(mine);
        let found = left_over(root.path());
        assert_eq!(found.iter().map(|folder| &folder.path).collect::<Vec<_>>(), [&path]);
        assert!(left_over(root.path()).is_empty(), "somebody is on it");
        found[0].remove().unwrap();
        drop((found, other));
        assert_eq!(left_over(root.path()).len(), 1);
    }

    #[test]
    fn a_folder_made_by_hand_is_left_over_once_something_is_in_it() {
        let root = tempfile::tempdir().unwrap();
        let again = root.path().join("again");
        make_private(&again).unwrap();
        assert!(left_over(root.path()).is_empty());
        fs::write(segment::path(&again, 1), "").unwrap();
        let found = left_over(root.path());
        assert_eq!(found.len(), 1);
        found[0].remove().unwrap();
        assert_eq!(fs::read_dir(root.path()).unwrap().count(), 0);
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
