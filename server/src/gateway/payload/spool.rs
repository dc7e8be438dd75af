//! Bytes that are kept until they are sent: a few in memory, more in a file.
//!
//! The file has no name, so that nothing is left of it when the server ends, however it ends. All files together are
//! bounded by [`Room`].

use std::{
    fs::File,
    io::{self, Write},
    path::Path,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
};

use bytes::{Bytes, BytesMut};
use tokio::task::spawn_blocking;

/// How much is kept in memory, in bytes: what is more goes to the file, so much at a time.
const IN_MEMORY: usize = 256 * 1024;

/// How much disk all uploads may take at once. Cheap to clone.
#[derive(Clone, Debug)]
pub(in crate::gateway) struct Room(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    folder: Box<Path>,
    most: u64,
    taken: AtomicU64,
}

impl Room {
    /// `folder` must exist when something is spooled.
    pub(in crate::gateway) fn new(folder: &Path, most: u64) -> Self {
        Self(Arc::new(Inner { folder: folder.into(), most, taken: AtomicU64::new(0) }))
    }

    fn take(&self, bytes: u64) -> Result<(), SpoolError> {
        let grown = |taken: u64| taken.checked_add(bytes).filter(|taken| *taken <= self.0.most);
        self.0.taken.fetch_update(Ordering::Relaxed, Ordering::Relaxed, grown).map(drop).map_err(|_| SpoolError::Full)
    }
}

/// Why something can't be spooled.
#[derive(Debug, thiserror::Error)]
pub(in crate::gateway) enum SpoolError {
    #[error("the disk that uploads may take is taken")]
    Full,
    #[error("the file of an upload can't be written: {0}")]
    Disk(#[from] io::Error),
}

/// Bytes on their way into a spool.
#[derive(Debug)]
pub(in crate::gateway) struct Spooling {
    room: Room,
    waiting: BytesMut,
    file: Option<Taken>,
    written: u64,
}

/// A file, and the room that it takes as long as it lives.
#[derive(Debug)]
struct Taken {
    file: Arc<File>,
    room: Room,
    bytes: u64,
}

impl Drop for Taken {
    fn drop(&mut self) {
        self.room.0.taken.fetch_sub(self.bytes, Ordering::Relaxed);
    }
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
        self.room.take(size)?;
        let file = match &mut self.file {
            Some(taken) => {
                taken.bytes += size;
                Arc::clone(&taken.file)
            }
            None => {
                let room = self.room.clone();
                let made = spawn_blocking(move || tempfile::tempfile_in(&room.0.folder)).await;
                let made = made.map_err(io::Error::other).and_then(|made| made);
                let file = match made {
                    Ok(file) => Arc::new(file),
                    Err(error) => {
                        self.room.0.taken.fetch_sub(size, Ordering::Relaxed);
                        return Err(error.into());
                    }
                };
                self.file = Some(Taken { file: Arc::clone(&file), room: self.room.clone(), bytes: size });
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

    /// Reads `length` bytes from `offset`. Blocks.
    pub(super) fn read(&self, offset: u64, length: usize) -> io::Result<Bytes> {
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
