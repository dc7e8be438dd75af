//! The folder of files that jobs made, with SQLite.

use std::{
    fs::{self, File, OpenOptions},
    io::{self, Read, Write},
    path::{Path, PathBuf},
    sync::Arc,
};

use domain::ids::ExportId;

use crate::{ServiceError, ServiceResult};

/// A folder within the data folder. Nothing but exports is in it. Cheap to clone.
#[derive(Clone, Debug)]
pub struct ExportFolder(Arc<Path>);

impl ExportFolder {
    /// The folder at `path`, which is created when it is first needed.
    pub fn new(path: impl Into<PathBuf>) -> Self {
        let path: PathBuf = path.into();
        Self(path.into())
    }

    /// Creates a file for an attempt at an export. It must not exist: nothing else writes it, and no link leads elsewhere.
    pub(super) async fn create(&self, export: ExportId, attempt: i32) -> ServiceResult<PartFile> {
        let (folder, part, done) = (Arc::clone(&self.0), self.part(export, attempt), self.path(export));
        blocking(move || {
            create_folder(&folder)?;
            let mut options = OpenOptions::new();
            // O_EXCL
            options.write(true).create_new(true);
            #[cfg(unix)]
            std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
            let file = Arc::new(options.open(&part)?);
            Ok(PartFile { file, part, done, folder })
        })
        .await
    }

    /// Opens the file of an export that is ready.
    pub(super) async fn open(&self, export: ExportId) -> ServiceResult<Arc<File>> {
        let path = self.path(export);
        blocking(move || File::open(path).map(Arc::new)).await
    }

    /// Lists the files in the folder with their exports.
    pub(super) async fn files(&self) -> ServiceResult<Vec<(ExportId, PathBuf)>> {
        let folder = Arc::clone(&self.0);
        blocking(move || {
            let entries = match fs::read_dir(&folder) {
                Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
                entries => entries?,
            };
            let mut files = Vec::new();
            for entry in entries {
                let entry = entry?;
                let name = entry.file_name();
                // A file with another name isn't ours.
                let export = name.to_str().and_then(|name| name.split('.').next()?.parse::<ExportId>().ok());
                files.extend(export.map(|export| (export, entry.path())));
            }
            Ok(files)
        })
        .await
    }

    fn path(&self, export: ExportId) -> PathBuf {
        self.0.join(export.to_string())
    }

    fn part(&self, export: ExportId, attempt: i32) -> PathBuf {
        self.0.join(format!("{export}.{attempt}.part"))
    }
}

/// A file that is being written, under a name of its own. It is deleted on drop unless it is published.
#[derive(Debug)]
pub(super) struct PartFile {
    file: Arc<File>,
    part: PathBuf,
    done: PathBuf,
    folder: Arc<Path>,
}

impl PartFile {
    /// Appends to the file.
    pub(super) async fn append(&self, content: Vec<u8>) -> ServiceResult<()> {
        let file = Arc::clone(&self.file);
        blocking(move || (&*file).write_all(&content)).await
    }

    /// Waits until all of the file is on the disk.
    pub(super) async fn sync(&self) -> ServiceResult<()> {
        let file = Arc::clone(&self.file);
        blocking(move || file.sync_all()).await
    }

    /// Gives the synced file its name: under that name there are only whole files.
    pub(super) async fn publish(&self) -> ServiceResult<()> {
        let (part, done, folder) = (self.part.clone(), self.done.clone(), Arc::clone(&self.folder));
        blocking(move || {
            fs::rename(part, done)?;
            // Makes the new name last.
            File::open(folder)?.sync_all()
        })
        .await
    }
}

impl Drop for PartFile {
    fn drop(&mut self) {
        // It has another name once it is published.
        let _ = fs::remove_file(&self.part);
    }
}

/// Reads up to `length` bytes of a file, from where the last reading ended; fewer only at its end.
pub(super) async fn read(file: Arc<File>, length: u64) -> ServiceResult<Vec<u8>> {
    blocking(move || {
        let mut content = Vec::with_capacity(usize::try_from(length).unwrap_or_default());
        (&*file).take(length).read_to_end(&mut content)?;
        Ok(content)
    })
    .await
}

/// Deletes files of a folder.
pub(super) async fn delete(files: Vec<PathBuf>) -> ServiceResult<()> {
    blocking(move || files.iter().try_for_each(|file| remove(file))).await
}

fn create_folder(folder: &Path) -> io::Result<()> {
    let mut builder = fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(folder)
}

fn remove(path: &Path) -> io::Result<()> {
    match fs::remove_file(path) {
        // Its attempt has just ended.
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        result => result,
    }
}

/// Runs what waits for the disk where no other task waits for it.
async fn blocking<T: Send + 'static>(work: impl FnOnce() -> io::Result<T> + Send + 'static) -> ServiceResult<T> {
    let done = tokio::task::spawn_blocking(work).await;
    let done = done.map_err(|error| ServiceError::Internal(format!("file of an export: {error}")))?;
    done.map_err(|error| ServiceError::Internal(format!("file of an export: {error}")))
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;

    fn export(number: u128) -> ExportId {
        ExportId::new(Uuid::from_u128(number))
    }

    fn names(folder: &Path) -> Vec<String> {
        let mut names: Vec<String> =
            fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
        names.sort();
        names
    }

    #[tokio::test]
    async fn a_file_has_its_name_once_it_is_whole_and_is_only_for_the_server() {
        let data = tempfile::tempdir().unwrap();
        let path = data.path().join("exports");
        let folder = ExportFolder::new(&path);
        let part = folder.create(export(1), 1).await.unwrap();
        part.append(b"one\n".to_vec()).await.unwrap();
        assert!(folder.open(export(1)).await.is_err());
        assert!(folder.create(export(1), 1).await.is_err(), "it exists");
        part.append(b"two\n".to_vec()).await.unwrap();
        part.sync().await.unwrap();
        part.publish().await.unwrap();
        drop(part);
        assert_eq!(names(&path), [export(1).to_string()]);
        let file = folder.open(export(1)).await.unwrap();
        assert_eq!(read(Arc::clone(&file), 5).await.unwrap(), b"one\nt");
        assert_eq!(read(Arc::clone(&file), 5).await.unwrap(), b"wo\n");
        assert_eq!(read(file, 5).await.unwrap(), b"");
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt;
            let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
            assert_eq!((mode(&path), mode(&folder.path(export(1)))), (0o700, 0o600));
        }
    }

    #[cfg(unix)]
    #[tokio::test]
    async fn a_link_in_the_place_of_a_file_is_not_followed() {
        let data = tempfile::tempdir().unwrap();
        let (path, elsewhere) = (data.path().join("exports"), data.path().join("elsewhere"));
        let folder = ExportFolder::new(&path);
        create_folder(&path).unwrap();
        fs::write(&elsewhere, "as it was").unwrap();
        std::os::unix::fs::symlink(&elsewhere, folder.part(export(1), 1)).unwrap();
        assert!(folder.create(export(1), 1).await.is_err());
        assert_eq!(fs::read_to_string(elsewhere).unwrap(), "as it was");
    }

    #[tokio::test]
    async fn an_unfinished_file_is_deleted_and_those_of_other_names_stay() {
        let data = tempfile::tempdir().unwrap();
        let folder = ExportFolder::new(data.path());
        drop(folder.create(export(1), 1).await.unwrap());
        assert!(names(data.path()).is_empty());
        for number in [1, 2] {
            folder.create(export(number), 1).await.unwrap().publish().await.unwrap();
        }
        // As a killed server leaves it.
        std::mem::forget(folder.create(export(3), 1).await.unwrap());
        fs::write(data.path().join("notes.txt"), "").unwrap();
        let files = folder.files().await.unwrap().into_iter();
        delete(files.filter(|(of, _)| *of != export(2)).map(|(_, file)| file).collect()).await.unwrap();
        assert_eq!(names(data.path()), [export(2).to_string(), "notes.txt".to_owned()]);
        assert!(ExportFolder::new(data.path().join("missing")).files().await.unwrap().is_empty());
    }
}
