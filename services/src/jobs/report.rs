//! What the operator sees of jobs.

use domain::time::Timestamp;
use sea_orm::{ColumnTrait, ConnectionTrait, EntityTrait, QueryFilter, QueryOrder, QuerySelect, Statement};
use serde::Serialize;

use super::JobState;
use crate::{
    ServiceResult, Services,
    entities::jobs::{Column, Entity, Model},
};

/// Maximum number of jobs in a list.
pub const MAX_LISTED: u64 = 500;

/// Numbers of jobs of one kind.
#[derive(Clone, Debug, Default, Eq, PartialEq, Serialize)]
pub struct JobCounts {
    pub kind: String,
    pub waiting: i64,
    pub running: i64,
    pub dead: i64,
    /// When the job was due that has waited longest; `None` if none waits.
    pub oldest_due_at: Option<Timestamp>,
}

/// A job as it is stored.
#[derive(Clone, Debug, Serialize)]
pub struct StoredJob {
    pub id: uuid::Uuid,
    pub kind: String,
    pub cause: String,
    pub state: JobState,
    pub attempts: i32,
    pub created_at: Timestamp,
    pub due_at: Timestamp,
    pub finished_at: Option<Timestamp>,
    /// Why the last attempt failed.
    pub error: Option<String>,
}

/// Selects the jobs of a list.
#[derive(Clone, Debug, Default)]
pub struct JobFilter {
    /// `None` for all kinds.
    pub kind: Option<String>,
    /// `None` for all states.
    pub state: Option<JobState>,
}

impl From<Model> for StoredJob {
    fn from(row: Model) -> Self {
        Self {
            id: row.id,
            kind: row.kind,
            cause: row.cause,
            state: JobState::from_number(row.state).unwrap_or(JobState::Dead),
            attempts: row.attempts,
            created_at: Timestamp::from_millis(row.created_at),
            due_at: Timestamp::from_millis(row.due_at),
            finished_at: row.finished_at.map(Timestamp::from_millis),
            error: row.error,
        }
    }
}

/// Counts the jobs that aren't done, by kind.
pub async fn counts(services: &Services) -> ServiceResult<Vec<JobCounts>> {
    let read = services.database.read();
    // Three queries, each of which the index of its state answers.
    let sql = "SELECT kind, 0 AS state, count(*) AS number, min(due_at) AS oldest FROM jobs WHERE state = 0 GROUP BY kind \
         UNION ALL SELECT kind, 1, count(*), NULL FROM jobs WHERE state = 1 GROUP BY kind \
         UNION ALL SELECT kind, 3, count(*), NULL FROM jobs WHERE state IN (2, 3) AND state = 3 GROUP BY kind \
         ORDER BY kind";
    let mut counts: Vec<JobCounts> = Vec::new();
    for row in read.query_all_raw(Statement::from_string(read.get_database_backend(), sql)).await? {
        let kind: String = row.try_get("", "kind")?;
        if counts.last().is_none_or(|last| last.kind != kind) {
            counts.push(JobCounts { kind, ..JobCounts::default() });
        }
        let Some(last) = counts.last_mut() else { continue };
        let number = row.try_get("", "number")?;
        match row.try_get::<i32>("", "state")? {
            0 => {
                last.waiting = number;
                last.oldest_due_at = row.try_get::<Option<i64>>("", "oldest")?.map(Timestamp::from_millis);
            }
            1 => last.running = number,
            _ => last.dead = number,
        }
    }
    Ok(counts)
}

/// Lists the newest jobs of a kind and state, at most [`MAX_LISTED`].
pub async fn list(services: &Services, filter: &JobFilter) -> ServiceResult<Vec<StoredJob>> {
    let mut jobs = Entity::find().order_by_desc(Column::Id).limit(MAX_LISTED);
    if let Some(kind) = &filter.kind {
        jobs = jobs.filter(Column::Kind.eq(kind));
    }
    if let Some(state) = filter.state {
        jobs = jobs.filter(Column::State.eq(state as i16));
    }
    Ok(jobs.all(services.database.read()).await?.into_iter().map(StoredJob::from).collect())
}
