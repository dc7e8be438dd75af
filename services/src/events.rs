//! Usage that other gateways report, as
//! [CloudEvents](https://github.com/cloudevents/spec/blob/v1.0.2/cloudevents/spec.md).
//!
//! An event becomes one call in the log, with its rollups in one transaction, at the price of its own time.
//! It is identified by its organization, source and id, and counted once, however often it is sent: ids of
//! accepted events are never deleted. `docs/events.md` documents the format.

mod data;
mod digest;
mod known_names;
mod line;
mod number;
mod read;
mod usage;
mod writer;

use std::sync::Arc;

use domain::permissions::Permission;

pub use line::{Attributes, EventError, EventErrorCode};
pub use read::{BatchError, BatchFormat, ParsedBatch, read, read_one};

use self::{
    known_names::KnownNames,
    writer::{EventWriter, PendingEvent},
};
use crate::{Actor, ServiceResult, Services};

/// Maximum number of events in a batch.
pub const MAX_EVENTS: usize = 10_000;
/// Maximum age of an event, in days, so that a sender can still report after a month without a connection.
pub const MAX_AGE_DAYS: i64 = 35;
/// Maximum lead of a sender's clock over ours, in minutes.
pub const MAX_AHEAD_MINUTES: i64 = 5;

/// An event that was rejected.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct RejectedEvent {
    /// Position in the batch, from 0.
    pub index: usize,
    /// Id of the event, if it could be read.
    pub id: Option<Box<str>>,
    pub error: EventError,
}

/// The outcome of a batch; each of its events is counted once.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct BatchResult {
    pub new: usize,
    /// Events that were accepted before, or occur twice in the batch.
    pub duplicate: usize,
    /// Rejected events, in their order.
    pub refused: Vec<RejectedEvent>,
}

/// The receiver of events. Cheap to clone.
#[derive(Clone)]
pub struct Events {
    services: Services,
    writer: Arc<EventWriter>,
}

impl Events {
    /// Starts the tasks that write events, which end with the last clone.
    pub fn start(services: &Services) -> Self {
        Self { services: services.clone(), writer: Arc::new(EventWriter::start(&services.database)) }
    }

    /// Stores a batch. On success all its accepted events are on the disk.
    ///
    /// If the future is dropped or fails, the batch can safely be sent again.
    ///
    /// # Errors
    /// The actor may not send events, or the database is busy or unreachable.
    pub async fn store(&self, actor: &Actor, read: ParsedBatch) -> ServiceResult<BatchResult> {
        actor.reach(Permission::SendEvents)?;
        let ParsedBatch { lines, mut refused } = read;
        let known = KnownNames::look_up(&self.services, actor, &lines).await?;
        let mut events = Vec::with_capacity(lines.len());
        for line in lines {
            match known.to_call(actor, &line)? {
                Ok(call) => events.push(PendingEvent { digest: line.digest, call }),
                Err(error) => refused.push(RejectedEvent { index: line.index, id: Some(line.id), error }),
            }
        }
        refused.sort_by_key(|refused| refused.index);
        let received = events.len();
        let new = if events.is_empty() { 0 } else { self.writer.write(events).await? };
        Ok(BatchResult { new, duplicate: received - new, refused })
    }
}
