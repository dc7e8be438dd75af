//! Jobs: work that a change leaves to be done after it, and upkeep that recurs.
//!
//! The table `jobs` is queue and outbox in one. A job is enqueued in the transaction of the change that causes it, so
//! that it exists exactly if the change does. Any server's [`JobRunner`] runs it: one that ends without a word loses
//! its jobs to another when its claim on them runs out. A job therefore runs at least once; what it does outside the
//! database must be harmless when it is repeated, or be recognized as a repetition by the job's cause.

mod claim;
mod cleanup;
mod enqueue;
mod handler;
mod replay;
mod report;
mod results;
mod runner;
mod wake;

use std::str::FromStr;

use domain::ids::OrganizationId;
use sea_orm::FromQueryResult;
use serde::Serialize;
use uuid::Uuid;

pub(crate) use self::wake::LISTENER;
pub use self::{
    cleanup::delete_old,
    enqueue::{NewJob, enqueue},
    handler::{JobFailure, JobHandler, JobPolicy},
    replay::replay,
    report::{JobCounts, JobFilter, MAX_LISTED, StoredJob, counts, list},
    results::JobMetrics,
    runner::JobRunner,
};

/// The state of a job.
#[derive(Clone, Copy, Debug, Eq, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
#[repr(i16)]
pub enum JobState {
    /// Not begun, or to be tried again.
    Waiting = 0,
    Running = 1,
    Done = 2,
    /// Given up after its last attempt, until it is replayed.
    Dead = 3,
}

impl JobState {
    /// All states, in the order in which jobs pass through them.
    pub const ALL: [Self; 4] = [Self::Waiting, Self::Running, Self::Done, Self::Dead];

    /// The state's name.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Waiting => "waiting",
            Self::Running => "running",
            Self::Done => "done",
            Self::Dead => "dead",
        }
    }

    fn from_number(number: i16) -> Option<Self> {
        Self::ALL.into_iter().find(|state| *state as i16 == number)
    }
}

impl FromStr for JobState {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let names = || Self::ALL.map(Self::name).join(", ");
        Self::ALL.into_iter().find(|state| state.name() == text).ok_or_else(|| format!("the states are {}", names()))
    }
}

/// A job that a runner has claimed.
#[derive(Clone, Debug, FromQueryResult)]
pub struct Job {
    id: Uuid,
    kind: String,
    cause: String,
    organization_id: Uuid,
    payload: String,
    attempts: i32,
}

impl Job {
    /// Identifies what the job is done for, among jobs of its kind.
    pub fn cause(&self) -> &str {
        &self.cause
    }

    /// The organization; `None` for a job of the installation.
    pub fn organization(&self) -> Option<OrganizationId> {
        (!self.organization_id.is_nil()).then(|| OrganizationId::new(self.organization_id))
    }

    /// Number of the current attempt, from 1.
    pub fn attempt(&self) -> u32 {
        self.attempts.unsigned_abs()
    }

    /// Parses the payload.
    ///
    /// # Errors
    /// It isn't one of a `T`, so that no attempt can succeed.
    pub fn payload<T: serde::de::DeserializeOwned>(&self) -> Result<T, JobFailure> {
        serde_json::from_str(&self.payload).map_err(|error| JobFailure::Final(format!("its payload: {error}")))
    }
}
