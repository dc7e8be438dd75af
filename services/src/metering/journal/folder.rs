//! Folders of the journal, one for each process, which holds a lock on it as long as it runs.

use std::{
    fs::{self, File, OpenOptions},
    io::{self, ErrorKind, Read},
    path::{Path, PathBuf},
};

use domain::time::Timestamp;
use uuid::Uuid;

use super::segment;
use crate::new_reference;

const LOCK: &str = "lock";
/// Prefix of the names of folders that are being deleted.
const DELETED_PREFIX: &str = ".gone-";
/// File with the position up to which everything is in the database.
const STORED: &str = "stored";
/// File with the id of the database that the journal belongs to.
const INSTALLATION: &str = "installation";
/// Folder of lines and segments that were set aside, next to those of the processes.
pub(super) const SET_ASIDE: &str = "set-aside";

/// A process's folder, locked by this process.
pub(in crate::metering) struct Folder {
    pub(super) path: PathBuf,
    /// Released by the system when the process ends in any way.
    _lock: File,
}

/// A position in the journal; everything before it is in the database.
#[derive(Clone, Copy, Debug, Default, Eq, Ord, PartialEq, PartialOrd)]
pub(in crate::metering) struct JournalPosition {
    pub(in crate::metering) segment: u64,
    pub(in crate::metering) offset: u64,
}

impl Folder {
    /// Creates a folder in `root`, and `root` if it is missing. Names sort by creation time.
    pub(super) fn create(root: &Path, now: Timestamp) -> io::Result<Self> {
        make_private(root)?;
        let name = format!("{:014}-{}", now.millis(), new_reference());
        // Other processes ignore this name, until the folder is locked.
        let hidden = root.join(format!(".{name}"));
        make_private(&hidden)?;
        let lock = lock(&hidden, true)?.ok_or_else(|| io::Error::other("a new folder is locked already"))?;
        let path = root.join(name);
        fs::rename(hidden, &path)?;
        segment::sync_folder(root)?;
        Ok(Self { path, _lock: lock })
    }

    /// Locks the folders of processes that have ended, and returns them,
    /// oldest first, with the error of a folder that couldn't be checked.
    ///
    /// # Errors
    /// `root` can't be read.
    pub(in crate::metering) fn lock_abandoned(root: &Path) -> io::Result<(Vec<Self>, Option<io::Error>)> {
        let mut folders = Vec::new();
        let mut failure = None;
        for entry in fs::read_dir(root)? {
            let entry = entry?;
            let name = entry.file_name();
            let is_candidate = name != SET_ASIDE && !name.as_encoded_bytes().starts_with(b".");
            if is_candidate && entry.file_type()?.is_dir() {
                let path = entry.path();
                match lock(&path, false).or_else(|error| lock_by_hand(&path, error)) {
                    Ok(Some(lock)) => folders.push(Self { path, _lock: lock }),
                    Ok(None) => {}
                    // Another process may have just deleted it.
                    Err(error) if error.kind() == ErrorKind::NotFound => {}
                    Err(error) => failure = Some(io::Error::new(error.kind(), format!("{}: {error}", path.display()))),
                }
            }
        }
        folders.sort_by(|one, other| one.path.cmp(&other.path));
        Ok((folders, failure))
    }

    /// Finishes deletions that were interrupted by the end of a process.
    pub(super) fn finish_deletions(root: &Path) -> io::Result<()> {
        for entry in fs::read_dir(root)? {
            let entry = entry?;
            if entry.file_name().as_encoded_bytes().starts_with(DELETED_PREFIX.as_bytes()) {
                match fs::remove_dir_all(entry.path()) {
                    Err(error) if error.kind() != ErrorKind::NotFound => return Err(error),
                    _ => {}
                }
            }
        }
        Ok(())
    }

    /// The folder's name, by which the database knows the journal.
    pub(in crate::metering) fn name(&self) -> String {
        self.path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default()
    }

    pub(in crate::metering) fn path(&self) -> &Path {
        &self.path
    }

    /// Writes down the id of the database that the journal belongs to.
    pub(in crate::metering) fn set_installation(&self, id: Uuid) -> io::Result<()> {
        fs::write(self.path.join(INSTALLATION), id.to_string())
    }

    /// Id of the database that the journal belongs to; `None` for those of older versions and for folders made by hand.
    pub(in crate::metering) fn installation(&self) -> Option<Uuid> {
        fs::read_to_string(self.path.join(INSTALLATION)).ok()?.trim().parse().ok()
    }

    /// Numbers and lengths of the folder's segments, in order.
    pub(in crate::metering) fn segments(&self) -> io::Result<Vec<(u64, u64)>> {
        let mut segments = Vec::new();
        for entry in fs::read_dir(&self.path)? {
            let entry = entry?;
            if let Some(number) = entry.file_name().to_str().and_then(segment::number) {
                segments.push((number, entry.metadata()?.len()));
            }
        }
        segments.sort_unstable();
        Ok(segments)
    }

    pub(in crate::metering) fn segment(&self, number: u64) -> PathBuf {
        segment::path(&self.path, number)
    }

    /// Writes down that everything before `position` is in the database. Losing the file only costs queries.
    pub(in crate::metering) fn mark_stored(&self, position: JournalPosition) -> io::Result<()> {
        let text = format!("{:020} {:020}", position.segment, position.offset);
        fs::write(self.path.join(STORED), format!("{text} {:08x}\n", crc32fast::hash(text.as_bytes())))
    }

    /// The position written down last.
    pub(in crate::metering) fn stored(&self) -> JournalPosition {
        let mut text = String::new();
        let read = File::open(self.path.join(STORED)).and_then(|file| file.take(100).read_to_string(&mut text));
        let position = || {
            let (text, sum) = text.trim_end().rsplit_once(' ')?;
            let (segment, offset) = text.split_once(' ')?;
            let right = u32::from_str_radix(sum, 16).ok()? == crc32fast::hash(text.as_bytes());
            let position = JournalPosition { segment: segment.parse().ok()?, offset: offset.parse().ok()? };
            right.then_some(position)
        };
        read.ok().and_then(|_| position()).unwrap_or_default()
    }

    /// Deletes the folder with all that is left in it.
    pub(in crate::metering) fn remove(&self) -> io::Result<()> {
        // Other processes ignore this name, even if the lock is deleted before the rest.
        let hidden = self.path.with_file_name(format!("{DELETED_PREFIX}{}", new_reference()));
        fs::rename(&self.path, &hidden)?;
        fs::remove_dir_all(hidden)
    }
}

/// Locks a folder that was made by hand and so has no lock file, once it holds a segment.
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

/// Locks a folder, unless another process holds the lock.
fn lock(folder: &Path, create: bool) -> io::Result<Option<File>> {
    let path = folder.join(LOCK);
    let file = OpenOptions::new().write(true).create(create).truncate(false).open(&path)?;
    match file.try_lock() {
        // If the file is gone, the process that held it has just removed the folder.
        Ok(()) => Ok(path.try_exists()?.then_some(file)),
        Err(fs::TryLockError::WouldBlock) => Ok(None),
        Err(fs::TryLockError::Error(error)) => Err(error),
    }
}

/// Creates a folder that only the server's user may read.
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

    fn lock_abandoned(root: &Path) -> Vec<Folder> {
        let (found, failure) = Folder::lock_abandoned(root).unwrap();
        assert!(failure.is_none());
        found
    }

    #[test]
    fn one_that_cant_be_locked_keeps_no_other_from_being_found() {
        let root = tempfile::tempdir().unwrap();
        let left = Folder::create(root.path(), now()).unwrap().path;
        // No lock can be taken on a folder.
        fs::create_dir_all(root.path().join("0").join(LOCK)).unwrap();
        let (found, failure) = Folder::lock_abandoned(root.path()).unwrap();
        assert_eq!(found.iter().map(|folder| &folder.path).collect::<Vec<_>>(), [&left]);
        assert!(failure.unwrap().to_string().contains("/0"));
    }

    #[test]
    fn what_was_being_deleted_is_deleted_by_the_next() {
        let root = tempfile::tempdir().unwrap();
        make_private(&root.path().join(".gone-x")).unwrap();
        fs::write(segment::path(&root.path().join(".gone-x"), 1), "").unwrap();
        make_private(&root.path().join(".half-made")).unwrap();
        Folder::finish_deletions(root.path()).unwrap();
        assert_eq!(fs::read_dir(root.path()).unwrap().count(), 1);
    }

    #[test]
    fn only_what_nobody_holds_is_left_over() {
        let root = tempfile::tempdir().unwrap();
        let (mine, other) = (Folder::create(root.path(), now()).unwrap(), Folder::create(root.path(), now()).unwrap());
        make_private(&root.path().join(SET_ASIDE)).unwrap();
        make_private(&root.path().join(".half-made")).unwrap();
        assert!(lock_abandoned(root.path()).is_empty());
        let path = mine.path.clone();
        drop(mine);
        let found = lock_abandoned(root.path());
        assert_eq!(found.iter().map(|folder| &folder.path).collect::<Vec<_>>(), [&path]);
        assert!(lock_abandoned(root.path()).is_empty(), "somebody is on it");
        found[0].remove().unwrap();
        drop((found, other));
        assert_eq!(lock_abandoned(root.path()).len(), 1);
    }

    #[test]
    fn a_folder_made_by_hand_is_left_over_once_something_is_in_it() {
        let root = tempfile::tempdir().unwrap();
        let again = root.path().join("again");
        make_private(&again).unwrap();
        assert!(lock_abandoned(root.path()).is_empty());
        fs::write(segment::path(&again, 1), "").unwrap();
        let found = lock_abandoned(root.path());
        assert_eq!(found.len(), 1);
        found[0].remove().unwrap();
        assert_eq!(fs::read_dir(root.path()).unwrap().count(), 0);
    }

    #[test]
    fn a_torn_note_says_nothing() {
        let root = tempfile::tempdir().unwrap();
        let folder = Folder::create(root.path(), now()).unwrap();
        assert_eq!(folder.stored(), JournalPosition::default());
        let position = JournalPosition { segment: 3, offset: 70_000 };
        folder.mark_stored(position).unwrap();
        assert_eq!(folder.stored(), position);
        let note = folder.path.join(STORED);
        let text = fs::read_to_string(&note).unwrap();
        for torn in [text[..30].to_owned(), text.replace('3', "4"), String::new()] {
            fs::write(&note, torn).unwrap();
            assert_eq!(folder.stored(), JournalPosition::default());
        }
    }
}
