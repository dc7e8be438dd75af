//! Bytes that are kept until they are sent: a few in memory, more in a file.
//!
//! The file has no name, so that nothing is left of it when the server ends, however it ends. All files together are
//! bounded, and the disk is shared fairly (see [`Budget`]).

use std::{
    fs::File,
    io::{self, Write},
    path::Path,
    sync::Arc,
};

use bytes::{Bytes, BytesMut};
use tokio::task::spawn_blocking;

use crate::gateway::budget::{Budget, Full, Holder, Share};

/// How much is kept in memory, in bytes: what is more goes to the file, so much at a time.
const IN_MEMORY: usize = 64 * 1024;

/// The disk that uploads may wait on. Cheap to clone.
#[derive(Clone, Debug)]
pub(in crate::gateway) struct Disk {
    folder: Arc<Path>,
    budget: Budget,
}

impl Disk {
    /// `folder` must exist when something is spooled.
    pub(in crate::gateway) fn new(folder: &Path, budget: Budget) -> Self {
        Self { folder: folder.into(), budget }
    }

    /// What there is of it for somebody.
    pub(in crate::gateway) fn room(&self, holder: Holder) -> Room {
        Room { disk: self.clone(), holder }
    }
}

/// Somebody's part of the disk. Cheap to clone.
#[derive(Clone, Debug)]
pub(in crate::gateway) struct Room {
    disk: Disk,
    holder: Holder,
}

/// Why something can't be spooled.
#[derive(Debug, thiserror::Error)]
pub(in crate::gateway) enum SpoolError {
    #[error("the disk that uploads may take is taken: {0:?}")]
    Full(Full),
    #[error("the file of an upload can't be written: {0}")]
    Disk(#[from] io::Error),
}

impl From<Full> for SpoolError {
    fn from(full: Full) -> Self {
        Self::Full(full)
    }
}

/// Bytes on their way into a spool.
#[derive(Debug)]
pub(in crate::gateway) struct Spooling {
    room: Room,
    waiting: BytesMut,
    file: Option<Taken>,
    written: u64,
}

/// A file, and its share of the disk as long as it lives.
#[derive(Debug)]
struct Taken {
    file: Arc<File>,
    share: Share,
}

impl Spooling {
    pub(in crate::gateway) fn new(room: &Room) -> Self {
        Self { room: room.clone(), waiting: BytesMut::new(), file: None, written: 0 }
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
            Some(taken) => {
                taken.share.grow(size)?;
                Arc::clone(&taken.file)
            }
            None => {
                let Room { disk, holder } = self.room.clone();
                let mut share = disk.budget.nothing(holder);
                share.grow(size)?;
                let made = spawn_blocking(move || tempfile::tempfile_in(&disk.folder)).await;
                let file = Arc::new(made.map_err(io::Error::other)??);
                self.file = Some(Taken { file: Arc::clone(&file), share });
                file
            }
        };
        spawn_blocking(move || (&*file).write_all(&bytes)).await.map_err(io::Error::other)??;
        self.written += size;
        Ok(())
    }

    pub(in crate::gateway) async fn finish(mut self) -> Result<Spool, SpoolError> {
        if self.file.is_none() {
            return Ok(Spool(Arc::new(Kept::Memory(self.waiting.split().freeze()))));
        }
        self.write().await?;
        let length = self.written;
        match self.file.take() {
            Some(taken) => Ok(Spool(Arc::new(Kept::Disk { taken, length }))),
            None => Ok(Spool(Arc::new(Kept::Memory(Bytes::new())))),
        }
    }
}

/// Bytes that were spooled. Cheap to clone; the file goes with the last clone.
#[derive(Clone, Debug)]
pub(in crate::gateway) struct Spool(Arc<Kept>);

#[derive(Debug)]
enum Kept {
    Memory(Bytes),
    Disk { taken: Taken, length: u64 },
}

impl Spool {
    pub(in crate::gateway) fn len(&self) -> u64 {
        match &*self.0 {
            Kept::Memory(bytes) => bytes.len() as u64,
            Kept::Disk { length, .. } => *length,
        }
    }

    /// Its bytes, where they are in memory.
    pub(super) fn memory(&self) -> Option<&Bytes> {
        match &*self.0 {
            Kept::Memory(bytes) => Some(bytes),
            Kept::Disk { .. } => None,
        }
    }

    /// All its bytes, in memory.
    pub(in crate::gateway) async fn whole(self) -> io::Result<Bytes> {
        if let Kept::Memory(bytes) = &*self.0 {
            return Ok(bytes.clone());
        }
        let length = usize::try_from(self.len()).map_err(io::Error::other)?;
        spawn_blocking(move || self.read(0, length)).await.map_err(io::Error::other)?
    }

    /// Reads `length` bytes from `offset`. Blocks.
    pub(in crate::gateway) fn read(&self, offset: u64, length: usize) -> io::Result<Bytes> {
        use std::os::unix::fs::FileExt;
        match &*self.0 {
            Kept::Memory(bytes) => {
                let begin = usize::try_from(offset).unwrap_or(usize::MAX).min(bytes.len());
                Ok(bytes.slice(begin..begin.saturating_add(length).min(bytes.len())))
            }
            Kept::Disk { taken, .. } => {
                let mut buffer = vec![0; length];
                taken.file.read_exact_at(&mut buffer, offset)?;
                Ok(buffer.into())
            }
        }
    }
}
