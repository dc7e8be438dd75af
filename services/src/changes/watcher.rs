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

use super::{Change, Kind};
use crate::{ServiceError, ServiceResult, Services, entities::changes, models::prices};

/// How often is looked for changes.
const PERIOD: Duration = Duration::from_millis(250);
/// How long a look may take; a connection may be dead without a sign of it.
const LONGEST_LOOK: Duration = Duration::from_secs(10);
/// How old the last look may be before nothing kept in memory can be trusted.
const TRUSTED: Duration = Duration::from_secs(1);
/// How long announcements are kept, in minutes.
const KEPT_MINUTES: i64 = 60;
/// How long before they are deleted announcements count as deleted: a transaction may commit so much later than it wrote one.
const MARGIN: Duration = Duration::from_secs(300);
/// How long those of leaked keys are kept, in minutes: longer than any call runs, so that even a server that was cut off
/// from the database ends those of a leaked key.
const LEAKS_KEPT_MINUTES: i64 = 24 * 60;
/// How often the old ones are deleted.
const PRUNING: Duration = Duration::from_secs(600);

/// What a watcher tells.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Notice {
    /// All that one look found, in the order of its announcement.
    Changed(Vec<Change>),
    /// So long without a look that announcements may have been deleted unseen, or another database is there: forget all.
    Everything,
}

/// Watches for changes until it is dropped.
#[derive(Debug)]
pub struct Watcher {
    last_look: Arc<Mutex<Option<Instant>>>,
    task: JoinHandle<()>,
}

impl Watcher {
    /// Calls `notify` with the changes that are announced from now on, and perhaps with some of the last hour.
    pub fn start(services: &Services, notify: impl Fn(Notice) + Send + 'static) -> Self {
        let last_look = Arc::new(Mutex::new(None));
        let task = tokio::spawn(watch(services.clone(), Arc::clone(&last_look), notify));
        Self { last_look, task }
    }

    /// Whether everything that was announced up to a second ago is known.
    pub fn is_current(&self) -> bool {
        self.looked_within(TRUSTED)
    }

    /// Whether everything is known that was announced before so long ago.
    pub(crate) fn looked_within(&self, time: Duration) -> bool {
        self.last_look
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .is_some_and(|looked: Instant| looked.elapsed() < time)
    }
}

impl Drop for Watcher {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn watch(services: Services, last_look: Arc<Mutex<Option<Instant>>>, notify: impl Fn(Notice) + Send + 'static) {
    let mut seen = Seen::default();
    let mut pruned = Instant::now();
    // What was announced of prices and isn't known here yet.
    let mut prices_changed = false;
    let mut ticks = tokio::time::interval(PERIOD);
    ticks.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    loop {
        ticks.tick().await;
        // What counts is when the look began: later commits aren't in it.
        let began = Instant::now();
        let looked = timeout(LONGEST_LOOK, seen.look(&services)).await;
        match looked.unwrap_or_else(|_| Err(ServiceError::unavailable("it doesn't answer"))) {
            Ok(Look { changes, is_another }) => {
                let before = *last_look.lock().unwrap_or_else(PoisonError::into_inner);
                let kept = Duration::from_secs(KEPT_MINUTES.unsigned_abs() * 60);
                let missed = is_another || before.is_some_and(|before| began.duration_since(before) + MARGIN > kept);
                if missed {
                    notify(Notice::Everything);
                }
                prices_changed |= missed || changes.iter().any(|change| change.kind == Kind::Price);
                if prices_changed {
                    let read = timeout(LONGEST_LOOK, prices::refresh(&services)).await;
                    prices_changed = !matches!(read, Ok(Ok(())));
                }
                if !changes.is_empty() {
                    notify(Notice::Changed(changes));
                }
                // Only now: whoever asks whether all is known must not be told so before it is.
                *last_look.lock().unwrap_or_else(PoisonError::into_inner) = Some(began);
            }
            Err(error) => tracing::warn!(%error, "can't look for changes"),
        }
        if began.duration_since(pruned) > PRUNING {
            pruned = began;
            if let Err(error) = prune(&services).await {
                tracing::warn!(%error, "can't delete old changes");
            }
        }
    }
}

/// What a look found.
struct Look {
    /// What was announced and not seen before.
    changes: Vec<Change>,
    /// Whether the database's own numbers went back: it is another one, such as a restored backup.
    is_another: bool,
}

/// Which announcements were seen.
///
/// They are ordered by what nobody can pass over, and not by time: on PostgreSQL by the number of their transaction. A
/// snapshot tells which of those are over (all below the oldest that isn't); whatever else there may be is looked for
/// again, however long it takes to commit. On SQLite there is one writer, so that ids are committed in their order.
#[derive(Debug, Default)]
struct Seen {
    /// All with a lower number were seen, or will never be.
    floor: u64,
    /// Those with this number or a higher one that were seen, by number and id.
    above: BTreeSet<(u64, i64)>,
}

/// All with at least the number `$1`, and the least number that may still turn up. Without any there is one row.
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

impl Seen {
    async fn look(&mut self, services: &Services) -> ServiceResult<Look> {
        let database = services.database.read();
        let sql = if services.database.is_postgres() { ON_POSTGRES } else { ON_SQLITE };
        let asked = |floor: u64| {
            let statement =
                Statement::from_sql_and_values(database.get_database_backend(), sql, [floor.to_string().into()]);
            Row::find_by_statement(statement).all(database)
        };
        let mut rows = asked(self.floor).await?;
        let is_another = oldest(&rows)? < self.floor;
        if is_another {
            *self = Self::default();
            rows = asked(self.floor).await?;
        }
        let oldest = oldest(&rows)?;
        let mut changes = Vec::new();
        for row in rows {
            let (Some(number), Some(id), Some(kind)) = (row.number, row.id, row.kind) else { continue };
            let (Some(organization), Some(subject_id)) = (row.organization_id, row.subject_id) else { continue };
            if self.is_new(parse(&number)?, id) {
                // A kind this version doesn't know is nothing that it keeps.
                let Ok(kind) = kind.parse() else { continue };
                changes.push(Change { kind, organization_id: OrganizationId::new(organization), subject_id });
            }
        }
        self.settle(oldest);
        Ok(Look { changes, is_another })
    }

    fn is_new(&mut self, number: u64, id: i64) -> bool {
        number >= self.floor && self.above.insert((number, id))
    }

    /// Looks for nothing any more that is below `oldest`.
    fn settle(&mut self, oldest: u64) {
        self.floor = std::cmp::max(self.floor, oldest);
        self.above = self.above.split_off(&(self.floor, i64::MIN));
    }
}

/// The least number that may still turn up.
fn oldest(rows: &[Row]) -> ServiceResult<u64> {
    rows.first().map_or(Ok(0), |row| parse(&row.oldest))
}

fn parse(number: &str) -> ServiceResult<u64> {
    number.parse().map_err(|_| ServiceError::Internal(format!("no number of a change: {number:?}")))
}

async fn prune(services: &Services) -> ServiceResult<()> {
    let now = services.now();
    let before = |minutes: i64| changes::Column::At.lt(now.plus_minutes(-minutes).millis());
    let leaks = changes::Column::Kind.eq(Kind::LeakedApiKey.name());
    let transaction = services.database.begin().await?;
    changes::Entity::delete_many()
        .filter(before(KEPT_MINUTES).and(leaks.not().or(before(LEAKS_KEPT_MINUTES))))
        .exec(&transaction)
        .await?;
    Ok(transaction.commit().await?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_change_that_commits_late_is_still_seen_once() {
        let mut seen = Seen::default();
        // 7 is seen while 5 isn't over.
        assert!(seen.is_new(7, 70));
        seen.settle(5);
        assert!(seen.is_new(5, 60));
        assert!(!seen.is_new(5, 60) && !seen.is_new(7, 70));
        // Another of the same transaction.
        assert!(seen.is_new(5, 61));
    }

    #[test]
    fn what_was_seen_is_forgotten_when_nothing_older_can_come() {
        let mut seen = Seen::default();
        for number in 1..=100 {
            assert!(seen.is_new(number, 1));
        }
        seen.settle(101);
        assert!(seen.above.is_empty());
        assert_eq!(seen.floor, 101);
        assert!(!seen.is_new(50, 2));
    }
}
