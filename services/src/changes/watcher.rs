//! Reads the announced changes, each once.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use domain::ids::OrganizationId;
use sea_orm::{ColumnTrait, EntityTrait, QueryFilter, QueryOrder, sea_query::ExprTrait};
use tokio::{
    task::JoinHandle,
    time::{Instant, timeout},
};

use super::{Change, Kind};
use crate::{ServiceError, ServiceResult, Services, entities::changes};

/// How often is looked for changes.
const PERIOD: Duration = Duration::from_millis(250);
/// How long a look may take; a connection may be dead without a sign of it.
const LONGEST_LOOK: Duration = Duration::from_secs(10);
/// How old the last look may be before nothing kept in memory can be trusted.
const TRUSTED: Duration = Duration::from_secs(1);
/// How long a change is looked for though later ones were seen already: on
/// PostgreSQL ids are given out before the commit, so that they turn up out of order.
const OVERLAP: Duration = Duration::from_secs(10);
/// How long announcements are kept, in minutes.
const KEPT_MINUTES: i64 = 60;
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
    /// So long without a look that announcements may have been deleted unseen: forget all.
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
    let mut ticks = tokio::time::interval(PERIOD);
    ticks.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    loop {
        ticks.tick().await;
        // What counts is when the look began: later commits aren't in it.
        let began = Instant::now();
        let looked = timeout(LONGEST_LOOK, seen.look(&services, began)).await;
        match looked.unwrap_or_else(|_| Err(ServiceError::unavailable("it doesn't answer"))) {
            Ok(changes) => {
                let before = *last_look.lock().unwrap_or_else(PoisonError::into_inner);
                let kept = Duration::from_secs(KEPT_MINUTES.unsigned_abs() * 60);
                if before.is_some_and(|before| began.duration_since(before) + OVERLAP > kept) {
                    notify(Notice::Everything);
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

/// Which announcements were seen.
#[derive(Debug, Default)]
struct Seen {
    /// All up to this one were seen, or will never be.
    floor: i64,
    /// Those above, with when they were seen first.
    above: BTreeMap<i64, Instant>,
}

impl Seen {
    /// What was announced and not seen before.
    async fn look(&mut self, services: &Services, now: Instant) -> ServiceResult<Vec<Change>> {
        let rows = changes::Entity::find()
            .filter(changes::Column::Id.gt(self.floor))
            .order_by_asc(changes::Column::Id)
            .all(services.database.read())
            .await?;
        let mut found = Vec::new();
        for row in rows {
            if self.is_new(row.id, now) {
                // A kind this version doesn't know is nothing that it keeps.
                let Ok(kind) = row.kind.parse() else { continue };
                let organization_id = OrganizationId::new(row.organization_id);
                found.push(Change { kind, organization_id, subject_id: row.subject_id });
            }
        }
        self.settle(now);
        Ok(found)
    }

    fn is_new(&mut self, id: i64, now: Instant) -> bool {
        if id <= self.floor || self.above.contains_key(&id) {
            return false;
        }
        self.above.insert(id, now);
        true
    }

    /// Gives up waiting for what should have come before what was seen long ago.
    fn settle(&mut self, now: Instant) {
        let settled = self.above.iter().filter(|(_, seen)| now.duration_since(**seen) >= OVERLAP);
        if let Some(floor) = settled.map(|(id, _)| *id).max() {
            self.floor = floor;
            self.above = self.above.split_off(&(floor + 1));
        }
    }
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
        let start = Instant::now();
        let mut seen = Seen::default();
        assert!(seen.is_new(7, start));
        seen.settle(start + Duration::from_secs(9));
        assert!(seen.is_new(6, start + Duration::from_secs(9)));
        assert!(!seen.is_new(6, start + Duration::from_secs(9)));
        assert!(!seen.is_new(7, start + Duration::from_secs(9)));
    }

    #[test]
    fn what_was_seen_is_forgotten_after_the_overlap() {
        let start = Instant::now();
        let mut seen = Seen::default();
        for id in 1..=100 {
            assert!(seen.is_new(id, start));
        }
        seen.settle(start + OVERLAP);
        assert!(seen.above.is_empty());
        assert_eq!(seen.floor, 100);
        assert!(!seen.is_new(50, start + OVERLAP));
    }
}
