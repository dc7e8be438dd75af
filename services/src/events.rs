//! Usage that other gateways report, as [CloudEvents](https://github.com/cloudevents/spec/blob/v1.0.2/cloudevents/spec.md).
//!
//! An event is one call in the log, with its rollups in the same transaction, at the price of its own moment. It is known by
//! its organization, source and id, and counted once, however often and by however many senders it comes: what was taken is
//! remembered for ever. `docs/events.md` says what events look like.

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

pub use line::{Attributes, Code, Wrong};
pub use read::{Form, Malformed, Read, read, read_one};

use self::{
    known_names::Known,
    writer::{Event, Writer},
};
use crate::{Actor, ServiceResult, Services};

/// How many events a batch has at most.
pub const MOST_EVENTS: usize = 10_000;
/// How long ago an event may have been, in days. Whoever was cut off for a month can still tell what happened.
pub const OLDEST_DAYS: i64 = 35;
/// How far ahead of ours a sender's clock may go, in minutes.
pub const NEWEST_MINUTES: i64 = 5;

/// An event that wasn't taken, and why.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Refused {
    /// Where it stood, from 0.
    pub index: usize,
    /// Its id, as far as that could be read.
    pub id: Option<Box<str>>,
    pub why: Wrong,
}

/// What became of a batch; every event of it is counted once here.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Taken {
    pub new: usize,
    /// Those that were taken before, or stood twice in the batch.
    pub duplicate: usize,
    /// In their order.
    pub refused: Vec<Refused>,
}

/// Takes events. Cheap to clone.
#[derive(Clone)]
pub struct Events {
    services: Services,
    writer: Arc<Writer>,
}

impl Events {
    /// Starts the tasks that write, which end with the last clone.
    pub fn start(services: &Services) -> Self {
        Self { services: services.clone(), writer: Arc::new(Writer::start(&services.database)) }
    }

    /// Takes what was [`read`]. The answer means that all of it is on the disk.
    ///
    /// If the future is dropped, or fails, sending the same again does no harm.
    ///
    /// # Errors
    /// The actor may not send events, or the database is busy or out of reach.
    pub async fn take(&self, actor: &Actor, read: Read) -> ServiceResult<Taken> {
        actor.reach(Permission::SendEvents)?;
        let Read { lines, mut refused } = read;
        let known = Known::look_up(&self.services, actor, &lines).await?;
        let mut events = Vec::with_capacity(lines.len());
        for line in lines {
            match known.call(actor, &line)? {
                Ok(call) => events.push(Event { digest: line.digest, call }),
                Err(why) => refused.push(Refused { index: line.index, id: Some(line.id), why }),
            }
        }
        refused.sort_by_key(|refused| refused.index);
        let received = events.len();
        let new = if events.is_empty() { 0 } else { self.writer.write(events).await? };
        Ok(Taken { new, duplicate: received - new, refused })
    }
}
