//! Spools bytes until they are sent: a few in memory, more in a file.
//!
//! The file is anonymous, so that nothing remains of it when the server ends, even by a crash. The total size
//! of all files is bounded, and the disk space is shared fairly (see [`ByteBudget`]).

use std::{
    fs::File,
    io::{self, Write},
    path::Path,
    sync::Arc,
};

use bytes::{Bytes, BytesMut};
use tokio::task::spawn_blocking;

use crate::{
    gateway::budget::{BudgetFull, BudgetHolder, BudgetShare, ByteBudget},
    v1::error::V1Error,
};

/// Maximum of bytes in memory. More go to the file, in writes of this size.
const IN_MEMORY: usize = 64 * 1024;

/// The folder and disk space for uploads. Cheap to clone.
#[derive(Clone, Debug)]
pub(in crate::gateway) struct Disk {
    folder: Arc<Path>,
    budget: ByteBudget,
}

impl Disk {
    /// `folder` must exist by the first upload.
    pub(in crate::gateway) fn new(folder: &Path, budget: ByteBudget) -> Self {
        Self { folder: folder.into(), budget }
    }

    /// The disk space available to `holder`.
    pub(in crate::gateway) fn quota(&self, holder: BudgetHolder) -> SpoolQuota {
        SpoolQuota { disk: self.clone(), holder }
    }
}

/// The disk space available to one holder. Cheap to clone.
#[derive(Clone, Debug)]
pub(in crate::gateway) struct SpoolQuota {
    disk: Disk,
    holder: BudgetHolder,
}

/// An error of spooling.
#[derive(Debug, thiserror::Error)]
pub(in crate::gateway) enum SpoolError {
    #[error("the disk that uploads may take is taken: {0:?}")]
    Full(BudgetFull),
    #[error("the file of an upload can't be written: {0}")]
    Disk(#[from] io::Error),
}

impl From<BudgetFull> for SpoolError {
    fn from(full: BudgetFull) -> Self {
        Self::Full(full)
    }
}

impl From<SpoolError> for V1Error {
    fn from(error: SpoolError) -> Self {
        match error {
            SpoolError::Full(full) => full.into(),
            SpoolError::Disk(_) => {
                tracing::error!(%error, "an upload can't be taken");
                BudgetFull::All.into()
            }
        }
    }
}

/// Writes bytes to a spool.
#[derive(Debug)]
pub(in crate::gateway) struct SpoolWriter {
    quota: SpoolQuota,
    waiting: BytesMut,
    file: Option<SpoolFile>,
    written: u64,
}

/// A file with its share of the disk space.
#[derive(Debug)]
struct SpoolFile {
    file: Arc<File>,
    share: BudgetShare,
}

impl SpoolWriter {
    pub(in crate::gateway) fn new(quota: &SpoolQuota) -> Self {
        Self { quota: quota.clone(), waiting: BytesMut::new(), file: None, written: 0 }
    }

    pub(in crate::gateway) fn len(&self) -> u64 {
        self.written + self.waiting.len() as u64
    }

    pub(in crate::gateway) async fn push(&mut self, bytes: &[u8]) -> Result<(), SpoolError> {
        self.waiting.extend_from_slice(bytes);
        if self.waiting.len() >= IN_MEMORY { self.write().await } else { Ok(()) }
    }

    async fn write(&mut self) -> Result<(), SpoolError> {
        let bytes = self.waiting.split().freeze();
        let size = bytes.len() as u64;
        let file = match &mut self.file {
            Some(file) => {
                file.share.grow(size)?;
                Arc::clone(&file.file)
            }
            None => {
                let SpoolQuota { disk, holder } = self.quota.clone();
                let mut share = disk.budget.empty_share(holder);
                share.grow(size)?;
                let created = spawn_blocking(move || tempfile::tempfile_in(&disk.folder)).await;
                let file = Arc::new(created.map_err(io::Error::other)??);
                self.file = Some(SpoolFile { file: Arc::clone(&file), share });
                file
            }
        };
        spawn_blocking(move || (&*file).write_all(&bytes)).await.map_err(io::Error::other)??;
        self.written += size;
        Ok(())
    }

    pub(in crate::gateway) async fn finish(mut self) -> Result<Spool, SpoolError> {
        if self.file.is_none() {
            return Ok(Spool(Arc::new(SpoolStore::Memory(self.waiting.split().freeze()))));
        }
        self.write().await?;
        let length = self.written;
        match self.file.take() {
            Some(file) => Ok(Spool(Arc::new(SpoolStore::Disk { file, length }))),
            None => Ok(Spool(Arc::new(SpoolStore::Memory(Bytes::new())))),
        }
    }
}

/// Spooled bytes. Cheap to clone; the file is deleted with the last clone.
#[derive(Clone, Debug)]
pub(in crate::gateway) struct Spool(Arc<SpoolStore>);

#[derive(Debug)]
enum SpoolStore {
    Memory(Bytes),
    Disk { file: SpoolFile, length: u64 },
}

impl Spool {
    pub(in crate::gateway) fn len(&self) -> u64 {
        match &*self.0 {
            SpoolStore::Memory(bytes) => bytes.len() as u64,
            SpoolStore::Disk { length, .. } => *length,
        }
    }

    /// The bytes, if they are in memory.
    pub(super) fn memory(&self) -> Option<&Bytes> {
        match &*self.0 {
            SpoolStore::Memory(bytes) => Some(bytes),
            SpoolStore::Disk { .. } => None,
        }
    }

    /// Reads all bytes into memory.
    pub(in crate::gateway) async fn read_all(self) -> io::Result<Bytes> {
        if let SpoolStore::Memory(bytes) = &*self.0 {
            return Ok(bytes.clone());
        }
        let length = usize::try_from(self.len()).map_err(io::Error::other)?;
        spawn_blocking(move || self.read(0, length)).await.map_err(io::Error::other)?
    }

    /// Reads `length` bytes from `offset`. Blocks.
    pub(in crate::gateway) fn read(&self, offset: u64, length: usize) -> io::Result<Bytes> {
        use std::os::unix::fs::FileExt;
        match &*self.0 {
            SpoolStore::Memory(bytes) => {
                let begin = usize::try_from(offset).unwrap_or(usize::MAX).min(bytes.len());
                Ok(bytes.slice(begin..begin.saturating_add(length).min(bytes.len())))
            }
            SpoolStore::Disk { file, .. } => {
                let mut buffer = vec![0; length];
                file.file.read_exact_at(&mut buffer, offset)?;
                Ok(buffer.into())
            }
        }
    }
}
