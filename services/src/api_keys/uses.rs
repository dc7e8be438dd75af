//! Remembers who used which secret last, from where.
//!
//! The gateway notes every use in memory; once a second what is new is written, the latest use of each client. Several
//! servers write the same rows: each in the same order, so that none waits for another for ever, and never an earlier
//! moment over a later one. Whoever writes also removes the clients of these secrets that are too many. While the database
//! can't be reached, uses wait in memory.

mod agent;
mod pending;
mod prune;
mod rows;

use std::{net::IpAddr, sync::Arc, time::Duration};

use domain::time::Timestamp;
use tokio::{
    sync::{Mutex, oneshot},
    task::JoinHandle,
    time::{MissedTickBehavior, interval, timeout},
};

pub use prune::prune;

use self::pending::Waiting;
use super::directory::KeyRecord;
use crate::{ServiceError, ServiceResult, Services};

/// How often what is new is written.
const WRITE_EVERY: Duration = Duration::from_secs(1);
/// How long writing may take.
const LONGEST_TRY: Duration = Duration::from_secs(20);
/// How long is waited at the end of the server for a database that doesn't answer.
const LAST: Duration = Duration::from_secs(5);
/// How often what nobody asks for any more is removed.
const PRUNE_EVERY: Duration = Duration::from_secs(60 * 60);

/// Remembers uses of keys. Cheap to clone.
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
            Arc::new(Recorder { services: services.clone(), waiting: Waiting::default(), writing: Mutex::new(()) });
        let (stop, stopped) = oneshot::channel();
        let task = tokio::spawn(Arc::clone(&recorder).run(stopped));
        Self { recorder, writer: Arc::new(Mutex::new(Some(Writer { stop, task }))) }
    }

    /// Notes that a secret was used `now`, from `ip`, by who calls itself `agent`. Waits for nothing.
    pub fn note(&self, key: &KeyRecord, ip: Option<IpAddr>, agent: Option<&str>, now: Timestamp) {
        self.recorder.waiting.note(key, ip, agent.unwrap_or_default(), now);
    }

    /// Writes what is new now rather than within a second.
    ///
    /// # Errors
    /// The database can't be reached: nothing is lost, and the next try writes it.
    pub async fn write(&self) -> ServiceResult<()> {
        self.recorder.write().await
    }

    /// Writes what is left, at the end of the server. What is noted later is lost, and so is what the database doesn't take
    /// in a moment.
    pub async fn finish(&self) {
        if let Some(Writer { stop, task }) = self.writer.lock().await.take() {
            drop(stop);
            match timeout(LAST, task).await {
                Ok(Ok(())) => {}
                Ok(Err(error)) => tracing::error!(%error, "the task that writes the uses of keys ended badly"),
                Err(_) => tracing::warn!("who used keys last isn't written, since the database is slow"),
            }
        }
    }
}

struct Recorder {
    services: Services,
    waiting: Waiting,
    /// Held while something is written.
    writing: Mutex<()>,
}

impl Recorder {
    async fn run(self: Arc<Self>, mut stopped: oneshot::Receiver<()>) {
        let mut second = interval(WRITE_EVERY);
        let mut hour = interval(PRUNE_EVERY);
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
        let uses = self.waiting.take();
        if uses.is_empty() {
            return Ok(());
        }
        let written = match timeout(LONGEST_TRY, rows::write(&self.services.database, &uses)).await {
            Ok(written) => written,
            Err(_) => Err(ServiceError::Internal("the database took too long".to_owned())),
        };
        if written.is_err() {
            self.waiting.put_back(uses);
            return written;
        }
        prune::secrets_of(&self.services, &uses).await
    }
}
