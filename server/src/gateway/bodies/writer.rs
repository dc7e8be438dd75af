//! Stores the bodies of finished calls in the background.

use std::time::Duration;

use prometheus::IntCounter;
use services::{Services, bodies};
use tokio::{
    sync::{mpsc, watch},
    time::timeout,
};

use super::{
    captured::{CaptureBudget, CapturedBodies},
    redact::prepare,
};

/// Maximum of calls in the queue.
const QUEUE_LENGTH: usize = 1024;
/// Maximum of calls in one transaction.
const BATCH_SIZE: usize = 64;
/// How long the end of the server waits for queued bodies.
const SHUTDOWN_TIMEOUT: Duration = Duration::from_secs(5);

/// The queue of bodies to store. Cheap to clone.
#[derive(Clone, Debug)]
pub(in crate::gateway) struct BodyWriter {
    queue: mpsc::Sender<CapturedBodies>,
    budget: CaptureBudget,
    stored: IntCounter,
    dropped: IntCounter,
    /// Number of calls in the queue and in the current batch.
    pending: watch::Sender<usize>,
}

impl BodyWriter {
    /// Starts writing in the current tokio runtime, until the last clone is dropped.
    pub(in crate::gateway) fn start(services: &Services, stored: IntCounter, dropped: IntCounter) -> Self {
        let (queue, receiver) = mpsc::channel(QUEUE_LENGTH);
        let budget = CaptureBudget::default();
        let writer = Self { queue, budget, stored, dropped, pending: watch::Sender::new(0) };
        let task = WriterTask {
            services: services.clone(),
            budget: writer.budget.clone(),
            stored: writer.stored.clone(),
            dropped: writer.dropped.clone(),
            pending: writer.pending.clone(),
        };
        tokio::spawn(task.run(receiver));
        writer
    }

    pub(super) fn budget(&self) -> &CaptureBudget {
        &self.budget
    }

    pub(super) fn count_dropped(&self, calls: u64) {
        self.dropped.inc_by(calls);
    }

    /// Queues bodies, or drops them if the queue is full.
    pub(super) fn send(&self, bodies: CapturedBodies) {
        let size = bodies.size;
        self.pending.send_modify(|pending| *pending += 1);
        if self.queue.try_send(bodies).is_err() {
            self.pending.send_modify(|pending| *pending -= 1);
            self.budget.give_back(size);
            self.count_dropped(1);
        }
    }

    /// Waits until all queued bodies are stored, for at most [`SHUTDOWN_TIMEOUT`].
    pub(in crate::gateway) async fn finish(&self) {
        let mut pending = self.pending.subscribe();
        if timeout(SHUTDOWN_TIMEOUT, pending.wait_for(|pending| *pending == 0)).await.is_err() {
            tracing::warn!("what was said in the last calls isn't kept, since the database is slow");
        }
    }
}

struct WriterTask {
    services: Services,
    budget: CaptureBudget,
    stored: IntCounter,
    dropped: IntCounter,
    pending: watch::Sender<usize>,
}

impl WriterTask {
    async fn run(self, mut queue: mpsc::Receiver<CapturedBodies>) {
        let mut batch = Vec::with_capacity(BATCH_SIZE);
        while queue.recv_many(&mut batch, BATCH_SIZE).await > 0 {
            let calls = batch.len();
            let size: usize = batch.iter().map(|bodies| bodies.size).sum();
            let batch = std::mem::take(&mut batch);
            let prepared =
                tokio::task::spawn_blocking(move || batch.into_iter().map(prepare).collect::<Vec<_>>()).await;
            let stored = match prepared {
                Ok(new) => bodies::store(&self.services, new).await.map_err(|error| error.to_string()),
                Err(error) => Err(error.to_string()),
            };
            match stored {
                Ok(dropped) => {
                    self.stored.inc_by((calls as u64).saturating_sub(dropped));
                    self.dropped.inc_by(dropped);
                }
                Err(error) => {
                    // Not retried: bodies that arrive meanwhile would have no room.
                    tracing::error!(%error, calls, "what was said in some calls can't be kept");
                    self.dropped.inc_by(calls as u64);
                }
            }
            self.budget.give_back(size);
            self.pending.send_modify(|pending| *pending = pending.saturating_sub(calls));
        }
    }
}
