//! Writes what was said in calls that are over, as fast as the database takes it.

use std::time::Duration;

use domain::{
    bodies::BodySettings,
    ids::{CallId, OrganizationId},
    time::Timestamp,
};
use prometheus::IntCounter;
use services::{Services, bodies};
use tokio::{
    sync::{mpsc, watch},
    time::timeout,
};

use super::{capture::Room, redact::prepare, tee::Side};

/// How many calls may wait.
const WAITING: usize = 1024;
/// How many are written in one transaction.
const GROUP: usize = 64;
/// How long is waited at the end of the server for what still waits.
const LAST: Duration = Duration::from_secs(5);

/// What was said in a call that is over.
#[derive(Debug)]
pub(super) struct Said {
    pub(super) organization_id: OrganizationId,
    pub(super) chosen: BodySettings,
    pub(super) call_id: CallId,
    pub(super) started_at: Timestamp,
    pub(super) path: &'static str,
    pub(super) request: Side,
    pub(super) response: Side,
    /// How much of the room it takes.
    pub(super) room: usize,
}

/// Where calls leave what was said in them. Cheap to clone.
#[derive(Clone, Debug)]
pub(in crate::gateway) struct Writer {
    waiting: mpsc::Sender<Said>,
    room: Room,
    stored: IntCounter,
    left_out: IntCounter,
    /// How many were taken and aren't written yet.
    open: watch::Sender<usize>,
}

impl Writer {
    /// Must be made within a tokio runtime, in which it writes until the last clone is gone.
    pub(in crate::gateway) fn start(services: &Services, stored: IntCounter, left_out: IntCounter) -> Self {
        let (waiting, taken) = mpsc::channel(WAITING);
        let writer = Self { waiting, room: Room::default(), stored, left_out, open: watch::Sender::new(0) };
        let writing = Writing {
            services: services.clone(),
            room: writer.room.clone(),
            stored: writer.stored.clone(),
            left_out: writer.left_out.clone(),
            open: writer.open.clone(),
        };
        tokio::spawn(writing.run(taken));
        writer
    }

    pub(super) fn room(&self) -> &Room {
        &self.room
    }

    pub(super) fn left_out(&self, calls: u64) {
        self.left_out.inc_by(calls);
    }

    /// Takes what was said, or leaves it out where too much waits already.
    pub(super) fn offer(&self, said: Said) {
        let room = said.room;
        self.open.send_modify(|open| *open += 1);
        if self.waiting.try_send(said).is_err() {
            self.open.send_modify(|open| *open -= 1);
            self.room.give_back(room);
            self.left_out(1);
        }
    }

    /// Waits a moment until all is written that was taken.
    pub(in crate::gateway) async fn finish(&self) {
        let mut open = self.open.subscribe();
        if timeout(LAST, open.wait_for(|open| *open == 0)).await.is_err() {
            tracing::warn!("what was said in the last calls isn't kept, since the database is slow");
        }
    }
}

struct Writing {
    services: Services,
    room: Room,
    stored: IntCounter,
    left_out: IntCounter,
    open: watch::Sender<usize>,
}

impl Writing {
    async fn run(self, mut taken: mpsc::Receiver<Said>) {
        let mut group = Vec::with_capacity(GROUP);
        while taken.recv_many(&mut group, GROUP).await > 0 {
            let calls = group.len();
            let room: usize = group.iter().map(|said| said.room).sum();
            let group = std::mem::take(&mut group);
            let prepared =
                tokio::task::spawn_blocking(move || group.into_iter().map(prepare).collect::<Vec<_>>()).await;
            let stored = match prepared {
                Ok(new) => bodies::store(&self.services, new).await.map_err(|error| error.to_string()),
                Err(error) => Err(error.to_string()),
            };
            match stored {
                Ok(left_out) => {
                    self.stored.inc_by((calls as u64).saturating_sub(left_out));
                    self.left_out.inc_by(left_out);
                }
                Err(error) => {
                    // Not tried again: what comes meanwhile would have no room.
                    tracing::error!(%error, calls, "what was said in some calls can't be kept");
                    self.left_out.inc_by(calls as u64);
                }
            }
            self.room.give_back(room);
            self.open.send_modify(|open| *open = open.saturating_sub(calls));
        }
    }
}
