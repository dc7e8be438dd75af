//! Records when, from where and by which client each secret was last used.
//!
//! The gateway records every use in memory; once a second, the latest new use of each client is written.
//! Several servers write the same rows: each in the same order, so that they can't deadlock, and never an
//! earlier moment over a later one. Each write also removes surplus clients of its secrets. While the
//! database can't be reached, uses wait in memory.

mod agent;
mod pending;
mod rows;

use std::{net::IpAddr, sync::Arc, time::Duration};

use domain::time::Timestamp;
use tokio::{
    sync::{Mutex, oneshot},
    task::JoinHandle,
    time::{MissedTickBehavior, interval, timeout},
};

pub use rows::prune;

use self::pending::PendingUses;
use super::directory::KeyRecord;
use crate::{ServiceError, ServiceResult, Services};

/// How often new uses are written.
const WRITE_INTERVAL: Duration = Duration::from_secs(1);
/// How long a write may take.
const WRITE_TIMEOUT: Duration = Duration::from_secs(20);
/// How long the last write may take at shutdown, if the database doesn't answer.
const SHUTDOWN_TIMEOUT: Duration = Duration::from_secs(5);
/// How often old uses are removed.
const PRUNE_INTERVAL: Duration = Duration::from_secs(60 * 60);

/// Records uses of keys. Cheap to clone.
#[derive(Clone)]
pub struct KeyUses {
    recorder: Arc<Recorder>,
    writer: Arc<Mutex<Option<Writer>>>,
}

/// The task that writes. It writes a last time and ends when this is dropped.
struct Writer {
    stop: oneshot::Sender<()>,
    task: JoinHandle<()>,
}

impl KeyUses {
    /// Starts the task that writes. It ends with [`KeyUses::finish`], or when the last clone is dropped.
    pub fn start(services: &Services) -> Self {
        let recorder =
            Arc::new(Recorder { services: services.clone(), pending: PendingUses::default(), writing: Mutex::new(()) });
        let (stop, stopped) = oneshot::channel();
        let task = tokio::spawn(Arc::clone(&recorder).run(stopped));
        Self { recorder, writer: Arc::new(Mutex::new(Some(Writer { stop, task }))) }
    }

    /// Records that a secret was used `now`, from `ip`, by a client that calls itself `agent`. Never waits.
    pub fn record(&self, key: &KeyRecord, ip: Option<IpAddr>, agent: Option<&str>, now: Timestamp) {
        self.recorder.pending.record(key, ip, agent.unwrap_or_default(), now);
    }

    /// Writes new uses now rather than within a second.
    ///
    /// # Errors
    /// The database can't be reached: nothing is lost, and the next try writes them.
    pub async fn write(&self) -> ServiceResult<()> {
        self.recorder.write().await
    }

    /// Writes the remaining uses, at shutdown. Later uses are lost, and so are those that the database
    /// doesn't accept within a few seconds.
    pub async fn finish(&self) {
        if let Some(Writer { stop, task }) = self.writer.lock().await.take() {
            drop(stop);
            match timeout(SHUTDOWN_TIMEOUT, task).await {
                Ok(Ok(())) => {}
                Ok(Err(error)) => tracing::error!(%error, "the task that writes the uses of keys ended badly"),
                Err(_) => tracing::warn!("who used keys last isn't written, since the database is slow"),
            }
        }
    }
}

struct Recorder {
    services: Services,
    pending: PendingUses,
    /// Held during a write.
    writing: Mutex<()>,
}

impl Recorder {
    async fn run(self: Arc<Self>, mut stopped: oneshot::Receiver<()>) {
        let mut second = interval(WRITE_INTERVAL);
        let mut hour = interval(PRUNE_INTERVAL);
        for timer in [&mut second, &mut hour] {
            timer.set_missed_tick_behavior(MissedTickBehavior::Delay);
        }
        let mut failing = false;
        loop {
            let stopping = tokio::select! {
                _ = &mut stopped => true,
                _ = second.tick() => false,
                _ = hour.tick() => {
                    if let Err(error) = prune(&self.services).await {
                        tracing::warn!(%error, "old uses of keys couldn't be removed");
                    }
                    continue;
                }
            };
            match self.write().await {
                Ok(()) => failing = false,
                // Once, not each second.
                Err(error) if !failing || stopping => {
                    tracing::warn!(%error, "who used keys last can't be written");
                    failing = true;
                }
                Err(_) => {}
            }
            if stopping {
                return;
            }
        }
    }

    async fn write(&self) -> ServiceResult<()> {
        let _writing = self.writing.lock().await;
        let uses = self.pending.take();
        if uses.is_empty() {
            return Ok(());
        }
        let written = match timeout(WRITE_TIMEOUT, rows::write(&self.services.database, &uses)).await {
            Ok(written) => written,
            Err(_) => Err(ServiceError::Internal("the database took too long".to_owned())),
        };
        if written.is_err() {
            self.pending.put_back(uses);
            return written;
        }
        rows::prune_secrets_of(&self.services, &uses).await
    }
}
