//! Reads the announced changes, each once.

use std::{
    collections::BTreeSet,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use domain::ids::OrganizationId;
use sea_orm::{ColumnTrait, EntityTrait, FromQueryResult, QueryFilter, Statement, sea_query::ExprTrait};
use tokio::{
    task::JoinHandle,
    time::{Instant, timeout},
};
use uuid::Uuid;

use super::{Change, ChangeKind};
use crate::{ServiceError, ServiceResult, Services, entities::changes};

/// How often changes are polled.
const POLL_INTERVAL: Duration = Duration::from_millis(250);
/// How long a poll may take; a connection may be dead without a sign of it.
const POLL_TIMEOUT: Duration = Duration::from_secs(10);
/// Age of the last poll from which nothing cached in memory can be trusted.
const MAX_POLL_AGE: Duration = Duration::from_secs(1);
/// How long announcements are kept, in minutes.
const RETENTION_MINUTES: i64 = 60;
/// How long before their deletion announcements count as deleted: a transaction may commit this much later
/// than it wrote one.
const COMMIT_MARGIN: Duration = Duration::from_secs(300);
/// How long announcements of leaked keys are kept, in minutes: longer than any call runs, so that even a
/// server that was cut off from the database ends the calls of a leaked key.
const LEAK_RETENTION_MINUTES: i64 = 24 * 60;
/// How often old announcements are deleted.
const PRUNE_INTERVAL: Duration = Duration::from_secs(600);

/// An event that a watcher reports.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum WatcherEvent {
    /// All changes that one poll found, in the order of their announcement.
    Changed(Vec<Change>),
    /// Forget everything: announcements may have been deleted unseen, or the database is another one.
    Everything,
}

/// Watches for changes until it is dropped.
#[derive(Debug)]
pub struct Watcher {
    last_poll: Arc<Mutex<Option<Instant>>>,
    task: JoinHandle<()>,
}

impl Watcher {
    /// Calls `notify` with all changes announced after this call, and perhaps with some of the last hour.
    pub fn start(services: &Services, notify: impl Fn(WatcherEvent) + Send + 'static) -> Self {
        let last_poll = Arc::new(Mutex::new(None));
        let task = tokio::spawn(watch(services.clone(), Arc::clone(&last_poll), notify));
        Self { last_poll, task }
    }

    /// Whether all changes announced up to a second ago are known.
    pub fn is_current(&self) -> bool {
        self.is_current_within(MAX_POLL_AGE)
    }

    /// Whether all changes announced up to `age` ago are known.
    pub(crate) fn is_current_within(&self, age: Duration) -> bool {
        self.last_poll
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .is_some_and(|began: Instant| began.elapsed() < age)
    }
}

impl Drop for Watcher {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn watch(
    services: Services,
    last_poll: Arc<Mutex<Option<Instant>>>,
    notify: impl Fn(WatcherEvent) + Send + 'static,
) {
    let mut seen = SeenChanges::default();
    let mut pruned = Instant::now();
    // Whether each listener hasn't taken up something that was announced.
    let mut outdated = vec![false; services.change_listeners.len()];
    let mut ticks = tokio::time::interval(POLL_INTERVAL);
    ticks.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    loop {
        ticks.tick().await;
        // The beginning of the poll counts: it doesn't contain later commits.
        let began = Instant::now();
        let polled = timeout(POLL_TIMEOUT, seen.poll(&services)).await;
        match polled.unwrap_or_else(|_| Err(ServiceError::unavailable("it doesn't answer"))) {
            Ok(PollResult { changes, is_other_database }) => {
                let before = *last_poll.lock().unwrap_or_else(PoisonError::into_inner);
                let retention = Duration::from_secs(RETENTION_MINUTES.unsigned_abs() * 60);
                let missed = is_other_database
                    || before.is_some_and(|before| began.duration_since(before) + COMMIT_MARGIN > retention);
                if missed {
                    notify(WatcherEvent::Everything);
                }
                for (listener, is_outdated) in services.change_listeners.iter().zip(&mut outdated) {
                    *is_outdated |= missed || changes.iter().any(|change| change.kind == listener.kind);
                    if *is_outdated {
                        let responded = timeout(POLL_TIMEOUT, (listener.respond)(&services)).await;
                        *is_outdated = !matches!(responded, Ok(Ok(())));
                    }
                }
                if !changes.is_empty() {
                    notify(WatcherEvent::Changed(changes));
                }
                // Only now: `is_current` must not hold before all changes are known.
                *last_poll.lock().unwrap_or_else(PoisonError::into_inner) = Some(began);
            }
            Err(error) => tracing::warn!(%error, "can't look for changes"),
        }
        if began.duration_since(pruned) > PRUNE_INTERVAL {
            pruned = began;
            if let Err(error) = prune(&services).await {
                tracing::warn!(%error, "can't delete old changes");
            }
        }
    }
}

/// The result of a poll.
struct PollResult {
    /// Changes that weren't seen before.
    changes: Vec<Change>,
    /// Whether the database's own numbers went back: it is another one, such as a restored backup.
    is_other_database: bool,
}

/// Announcements already handled, ordered by transaction number on PostgreSQL and by id on SQLite, because
/// time can run backwards between servers.
///
/// On PostgreSQL, a snapshot shows which transactions are over (all below the oldest running one); the others
/// are polled again, however long they take to commit. SQLite has one writer: ids are committed in order.
#[derive(Debug, Default)]
struct SeenChanges {
    /// All announcements with a lower number were seen, or will never appear.
    floor: u64,
    /// Seen announcements with the floor's number or a higher one, by number and id.
    above: BTreeSet<(u64, i64)>,
}

/// Selects announcements with at least the number `$1`, and the lowest number that may still appear. Without
/// any announcement there is one row.
const ON_POSTGRES: &str = "SELECT CAST(pg_snapshot_xmin(pg_current_snapshot()) AS text) AS oldest, \
     CAST(c.transaction_id AS text) AS number, c.id, c.kind, c.organization_id, c.subject_id \
     FROM (SELECT 1) AS one LEFT JOIN changes c ON c.transaction_id >= CAST(CAST($1 AS text) AS xid8) \
     ORDER BY c.id";
const ON_SQLITE: &str = "SELECT CAST(coalesce((SELECT seq FROM sqlite_sequence WHERE name = 'changes'), 0) + 1 AS text) \
     AS oldest, CAST(c.id AS text) AS number, c.id, c.kind, c.organization_id, c.subject_id \
     FROM (SELECT 1) AS one LEFT JOIN changes c ON c.id >= CAST($1 AS integer) \
     ORDER BY c.id";

#[derive(FromQueryResult)]
struct Row {
    oldest: String,
    number: Option<String>,
    id: Option<i64>,
    kind: Option<String>,
    organization_id: Option<Uuid>,
    subject_id: Option<Uuid>,
}

impl SeenChanges {
    async fn poll(&mut self, services: &Services) -> ServiceResult<PollResult> {
        let database = services.database.control().read();
        let sql = if services.database.is_postgres() { ON_POSTGRES } else { ON_SQLITE };
        let read_rows = |floor: u64| {
            let statement =
                Statement::from_sql_and_values(database.get_database_backend(), sql, [floor.to_string().into()]);
            Row::find_by_statement(statement).all(database)
        };
        let mut rows = read_rows(self.floor).await?;
        let is_other_database = oldest(&rows)? < self.floor;
        if is_other_database {
            *self = Self::default();
            rows = read_rows(self.floor).await?;
        }
        let oldest = oldest(&rows)?;
        let mut changes = Vec::new();
        for row in rows {
            let (Some(number), Some(id), Some(kind)) = (row.number, row.id, row.kind) else { continue };
            let (Some(organization), Some(subject_id)) = (row.organization_id, row.subject_id) else { continue };
            if self.is_new(parse(&number)?, id) {
                // This version caches nothing of a kind that it doesn't know.
                let Ok(kind) = kind.parse() else { continue };
                changes.push(Change { kind, organization_id: OrganizationId::new(organization), subject_id });
            }
        }
        self.forget_below(oldest);
        Ok(PollResult { changes, is_other_database })
    }

    fn is_new(&mut self, number: u64, id: i64) -> bool {
        number >= self.floor && self.above.insert((number, id))
    }

    /// Stops polling for numbers below `oldest`.
    fn forget_below(&mut self, oldest: u64) {
        self.floor = std::cmp::max(self.floor, oldest);
        self.above = self.above.split_off(&(self.floor, i64::MIN));
    }
}

/// Returns the lowest number that may still appear.
fn oldest(rows: &[Row]) -> ServiceResult<u64> {
    rows.first().map_or(Ok(0), |row| parse(&row.oldest))
}

fn parse(number: &str) -> ServiceResult<u64> {
    number.parse().map_err(|_| ServiceError::Internal(format!("no number of a change: {number:?}")))
}

async fn prune(services: &Services) -> ServiceResult<()> {
    let now = services.now();
    let before = |minutes: i64| changes::Column::At.lt(now.plus_minutes(-minutes).millis());
    let leaks = changes::Column::Kind.eq(ChangeKind::LeakedApiKey.name());
    let transaction = services.database.control().begin().await?;
    changes::Entity::delete_many()
        .filter(before(RETENTION_MINUTES).and(leaks.not().or(before(LEAK_RETENTION_MINUTES))))
        .exec(&transaction)
        .await?;
    Ok(transaction.commit().await?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_change_that_commits_late_is_still_seen_once() {
        let mut seen = SeenChanges::default();
        // 7 is seen while 5 is still running.
        assert!(seen.is_new(7, 70));
        seen.forget_below(5);
        assert!(seen.is_new(5, 60));
        assert!(!seen.is_new(5, 60) && !seen.is_new(7, 70));
        // Another of the same transaction.
        assert!(seen.is_new(5, 61));
    }

    #[test]
    fn what_was_seen_is_forgotten_when_nothing_older_can_come() {
        let mut seen = SeenChanges::default();
        for number in 1..=100 {
            assert!(seen.is_new(number, 1));
        }
        seen.forget_below(101);
        assert!(seen.above.is_empty());
        assert_eq!(seen.floor, 101);
        assert!(!seen.is_new(50, 2));
    }
}
