//! The data folder, which only the server may read.

use std::{
    fs::{self, DirBuilder},
    io,
    path::Path,
};

/// Prefixes of the names of the server's own files. A folder with other files isn't only the server's.
const OWN_PREFIXES: [&str; 6] = ["tollhouse", "journal", "spool", "secret", "exports", ".doctor"];

/// Creates the folder, if it doesn't exist, for the server's user alone (mode 0700).
///
/// An existing folder that holds only the server's files and is open to everyone is closed; if only its group
/// has access, that is taken as intended. A folder with other files isn't changed, and a warning is logged.
pub(super) fn create(folder: &Path) -> io::Result<()> {
    let mut builder = DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(folder)?;
    if is_open_to_others(folder) {
        close(folder);
    }
    if is_open_to_others(folder) {
        tracing::warn!(folder = %folder.display(), "{OPEN_WARNING}");
    }
    Ok(())
}

/// The warning about a folder that is open to others.
pub(super) const OPEN_WARNING: &str =
    "other users of this machine can read the data folder; run chmod 0700 on it, or choose another folder";

/// Whether users of this machine outside the folder's group can read the folder.
#[cfg(unix)]
pub(super) fn is_open_to_others(folder: &Path) -> bool {
    use std::os::unix::fs::PermissionsExt;
    fs::metadata(folder).is_ok_and(|metadata| metadata.permissions().mode() & 0o007 != 0)
}

#[cfg(not(unix))]
pub(super) fn is_open_to_others(_: &Path) -> bool {
    false
}

/// Closes a folder that holds only the server's files; failures are ignored.
#[cfg(unix)]
fn close(folder: &Path) {
    use std::os::unix::fs::PermissionsExt;
    let is_ours = |entry: io::Result<fs::DirEntry>| {
        entry.is_ok_and(|entry| {
            OWN_PREFIXES.iter().any(|prefix| entry.file_name().as_encoded_bytes().starts_with(prefix.as_bytes()))
        })
    };
    if fs::read_dir(folder).is_ok_and(|mut entries| entries.all(is_ours)) {
        // Another user's folder can't be changed; the caller warns of it.
        let _ = fs::set_permissions(folder, fs::Permissions::from_mode(0o700));
    }
}

#[cfg(not(unix))]
fn close(_: &Path) {}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    fn mode(folder: &Path) -> u32 {
        fs::metadata(folder).unwrap().permissions().mode() & 0o7777
    }

    fn open(folder: &Path, mode: u32) {
        fs::set_permissions(folder, fs::Permissions::from_mode(mode)).unwrap();
    }

    #[test]
    fn a_new_folder_is_nobody_elses_and_so_are_those_above_it() {
        let root = tempfile::tempdir().unwrap();
        let folder = root.path().join("a/b");
        create(&folder).unwrap();
        assert_eq!((mode(&folder), mode(&root.path().join("a"))), (0o700, 0o700));
    }

    #[test]
    fn a_folder_that_is_ours_is_closed_to_others() {
        let folder = tempfile::tempdir().unwrap();
        for name in ["tollhouse.db", "tollhouse.db-wal", "tollhouse.toml"] {
            fs::write(folder.path().join(name), "").unwrap();
        }
        fs::create_dir(folder.path().join("journal")).unwrap();
        for (before, after) in [(0o755, 0o700), (0o777, 0o700), (0o701, 0o700), (0o750, 0o750), (0o700, 0o700)] {
            open(folder.path(), before);
            create(folder.path()).unwrap();
            assert_eq!(mode(folder.path()), after);
        }
    }

    #[test]
    fn a_folder_that_holds_something_else_is_left_as_it_is() {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("tollhouse.db"), "").unwrap();
        fs::write(folder.path().join("Documents"), "").unwrap();
        open(folder.path(), 0o755);
        create(folder.path()).unwrap();
        assert_eq!(mode(folder.path()), 0o755);
        assert!(is_open_to_others(folder.path()));
    }
}
