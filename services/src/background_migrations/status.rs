//! What the operator sees of background migrations.

use std::collections::BTreeMap;

use domain::time::Timestamp;
use sea_orm::EntityTrait;
use serde::Serialize;

use crate::{
    ServiceResult, Services,
    database::has_table,
    entities::background_migrations::{Entity, Model},
};

/// The state of a background migration.
#[derive(Clone, Copy, Debug, Eq, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum BackgroundState {
    /// Not begun.
    Waiting,
    Running,
    /// The last attempt failed; there will be another.
    Failing,
    Done,
}

impl BackgroundState {
    /// The state's name.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Waiting => "waiting",
            Self::Running => "running",
            Self::Failing => "failing",
            Self::Done => "done",
        }
    }
}

/// The progress of a background migration.
#[derive(Clone, Debug, Eq, PartialEq, Serialize)]
pub struct BackgroundStatus {
    pub name: String,
    pub state: BackgroundState,
    pub rows_done: i64,
    /// `None` before it has begun, since the rows aren't counted yet.
    pub rows_total: Option<i64>,
    /// Rows done of 100, rounded down.
    pub percent: i64,
    pub started_at: Option<Timestamp>,
    pub finished_at: Option<Timestamp>,
    /// Number of failed attempts.
    pub failures: i32,
    /// Why the last attempt failed.
    pub error: Option<String>,
}

impl BackgroundStatus {
    fn waiting(name: &str) -> Self {
        Self {
            name: name.to_owned(),
            state: BackgroundState::Waiting,
            rows_done: 0,
            rows_total: None,
            percent: 0,
            started_at: None,
            finished_at: None,
            failures: 0,
            error: None,
        }
    }

    /// Number of rows that remain, as far as they have been counted.
    pub fn rows_remaining(&self) -> i64 {
        self.rows_total.map_or(0, |total| (total - self.rows_done).max(0))
    }
}

impl From<Model> for BackgroundStatus {
    fn from(row: Model) -> Self {
        let state = match (row.finished_at, &row.error) {
            (Some(_), _) => BackgroundState::Done,
            (None, Some(_)) => BackgroundState::Failing,
            (None, None) => BackgroundState::Running,
        };
        let percent = match state {
            BackgroundState::Done => 100,
            // A row more may have come in than were counted.
            _ => (row.rows_done.saturating_mul(100) / row.rows_total.max(1)).clamp(0, 99),
        };
        Self {
            name: row.name,
            state,
            rows_done: row.rows_done,
            rows_total: Some(row.rows_total),
            percent,
            started_at: Some(Timestamp::from_millis(row.started_at)),
            finished_at: row.finished_at.map(Timestamp::from_millis),
            failures: row.failures,
            error: row.error,
        }
    }
}

/// The progress of all background migrations in their order, then those that only other versions know. Also reads
/// databases whose schema isn't up to date.
pub async fn status(services: &Services) -> ServiceResult<Vec<BackgroundStatus>> {
    let read = services.database.read();
    let rows =
        if has_table(read, "background_migrations").await? { Entity::find().all(read).await? } else { Vec::new() };
    let mut stored: BTreeMap<String, Model> = rows.into_iter().map(|row| (row.name.clone(), row)).collect();
    let known = services.background_migrations.iter().map(|migration| {
        stored.remove(migration.name).map_or_else(|| BackgroundStatus::waiting(migration.name), BackgroundStatus::from)
    });
    let mut all: Vec<BackgroundStatus> = known.collect();
    all.extend(stored.into_values().map(BackgroundStatus::from));
    Ok(all)
}
