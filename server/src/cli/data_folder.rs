//! The data folder: nobody's but the server's.

use std::{
    fs::{self, DirBuilder},
    io,
    path::Path,
};

/// What a server puts there, by how it begins. Whatever else is in a folder, it wasn't made for us.
const OURS: [&str; 5] = ["tollhouse", "journal", "spool", "secret", ".doctor"];

/// Makes the folder, if it isn't there, for the user alone that the server runs as (mode 0700).
///
/// One that is there, holds nothing but what is ours and is open to everybody becomes so; where only its group may look,
/// somebody must have wanted that. One that holds something else is left as it is, and warned of.
pub(super) fn make(folder: &Path) -> io::Result<()> {
    let mut builder = DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(folder)?;
    if open_to_others(folder) {
        close(folder);
    }
    if open_to_others(folder) {
        tracing::warn!(folder = %folder.display(), "{OPEN}");
    }
    Ok(())
}

/// What is told of a folder that is open to others.
pub(super) const OPEN: &str = "others on this machine can look into the data folder: chmod 0700 it, or choose another";

/// Whether others on this machine, who aren't in its group, can look into the folder.
#[cfg(unix)]
pub(super) fn open_to_others(folder: &Path) -> bool {
    use std::os::unix::fs::PermissionsExt;
    fs::metadata(folder).is_ok_and(|metadata| metadata.permissions().mode() & 0o007 != 0)
}

#[cfg(not(unix))]
pub(super) fn open_to_others(_: &Path) -> bool {
    false
}

/// Closes a folder in which all is ours; where that can't be done, it stays as it is.
#[cfg(unix)]
fn close(folder: &Path) {
    use std::os::unix::fs::PermissionsExt;
    let is_ours = |entry: io::Result<fs::DirEntry>| {
        entry.is_ok_and(|entry| {
            OURS.iter().any(|ours| entry.file_name().as_encoded_bytes().starts_with(ours.as_bytes()))
        })
    };
    if fs::read_dir(folder).is_ok_and(|mut entries| entries.all(is_ours)) {
        // Somebody else's folder can't be changed, which is told.
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
        make(&folder).unwrap();
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
            make(folder.path()).unwrap();
            assert_eq!(mode(folder.path()), after);
        }
    }

    #[test]
    fn a_folder_that_holds_something_else_is_left_as_it_is() {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("tollhouse.db"), "").unwrap();
        fs::write(folder.path().join("Documents"), "").unwrap();
        open(folder.path(), 0o755);
        make(folder.path()).unwrap();
        assert_eq!(mode(folder.path()), 0o755);
        assert!(open_to_others(folder.path()));
    }
}
