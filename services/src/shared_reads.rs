//! Reads that many dashboards repeat at the same time, made once for all of them.
//!
//! While calls come fast, each open dashboard repeats its queries once a second, and those of one page are often the
//! same. Once a read is asked for often enough, it is made now and then, for all who wait for it. Nothing is kept: each
//! answer is read after it was asked for, so it has every call that was answered before.

use std::{
    any::Any,
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use domain::{
    ids::{OrganizationId, SessionId, UserId},
    permissions::{Permission, Reach, Role, reach},
};
use serde::Serialize;
use tokio::{
    sync::OnceCell,
    time::{Instant, sleep_until},
};

use crate::{Actor, ActorKind, ServiceResult};

/// Shortest and longest time between the beginnings of two reads that are shared, by which an answer may come later.
const PAUSES: [Duration; 2] = [Duration::from_millis(300), Duration::from_secs(1)];
/// The time between two reads, as a multiple of what the last one took: so those that take up to 200 ms keep a fifth of a
/// core busy at most.
const REST: u32 = 5;
/// Number of sessions that ask for a read within [`COUNTED`] from which it is shared; fewer are answered at once, however
/// often they ask.
const SHARED_FROM: usize = 8;
const COUNTED: Duration = Duration::from_secs(1);
/// Number of different reads from which those that nobody asks for any more are forgotten.
const MAX_READS: usize = 1_024;

/// The permissions that decide what is read. Where each reaches the whole organization or nothing, the role alone does.
const PERMISSIONS: [Permission; 6] = [
    Permission::ViewOverview,
    Permission::ViewUsage,
    Permission::ViewLogs,
    Permission::ViewBodies,
    Permission::ViewApiKeys,
    Permission::ManageSettings,
];

/// The reads that are asked for. Cheap to clone.
#[derive(Clone, Debug, Default)]
pub struct SharedReads(Arc<Mutex<HashMap<ReadKey, Read>>>);

/// What is read, and for whom.
#[derive(Clone, Debug, Eq, Hash, PartialEq)]
struct ReadKey {
    organization: OrganizationId,
    reader: Reader,
    name: &'static str,
    /// The arguments, as JSON.
    arguments: String,
}

/// For whom something is read.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
enum Reader {
    /// Whoever has a role that sees the whole organization.
    Role(Role),
    Member(UserId),
}

/// The reader that an actor is, and their session; `None` for those whose reads aren't shared.
fn reader_of(actor: &Actor) -> Option<(Reader, Option<SessionId>)> {
    let ActorKind::Member { id, role, session, .. } = &actor.kind else { return None };
    let sees_all = |permission| reach(*role, permission).is_none_or(Reach::is_organization_wide);
    let reader = if PERMISSIONS.into_iter().all(sees_all) { Reader::Role(*role) } else { Reader::Member(*id) };
    Some((reader, *session))
}

/// A read that is asked for again and again.
#[derive(Debug)]
struct Read {
    /// Since when sessions are counted.
    counted_since: Instant,
    /// The sessions that have asked since then, up to [`SHARED_FROM`], and how many did in the time before.
    sessions: Vec<Option<SessionId>>,
    sessions_before: usize,
    /// When it may be made again.
    rested_at: Option<Instant>,
    /// The one that is to be made next, for which requests wait.
    next: Option<Arc<NextRead>>,
}

/// The value of a read, once it is made.
type NextRead = OnceCell<Arc<dyn Any + Send + Sync>>;

impl Read {
    fn new(now: Instant) -> Self {
        Self { counted_since: now, sessions: Vec::new(), sessions_before: 0, rested_at: None, next: None }
    }

    /// Counts a session that asks; returns whether there are so many that they share the read.
    fn count(&mut self, session: Option<SessionId>, now: Instant) -> bool {
        let elapsed = now.saturating_duration_since(self.counted_since);
        if elapsed >= COUNTED {
            self.sessions_before = if elapsed < COUNTED * 2 { self.sessions.len() } else { 0 };
            self.sessions.clear();
            self.counted_since = now;
        }
        if self.sessions.len() < SHARED_FROM && !self.sessions.contains(&session) {
            self.sessions.push(session);
        }
        self.sessions.len().max(self.sessions_before) >= SHARED_FROM
    }

    /// The read to wait for.
    fn next(&mut self) -> Arc<NextRead> {
        Arc::clone(self.next.get_or_insert_default())
    }
}

impl SharedReads {
    /// Reads what `name` and `arguments` say, for a member, together with others who ask for the same.
    ///
    /// # Errors
    /// Those of `read`, which aren't shared.
    pub async fn read<T: Clone + Send + Sync + 'static>(
        &self,
        actor: &Actor,
        name: &'static str,
        arguments: &impl Serialize,
        read: impl Future<Output = ServiceResult<T>>,
    ) -> ServiceResult<T> {
        let (Some((reader, session)), Ok(arguments)) = (reader_of(actor), serde_json::to_string(arguments)) else {
            return read.await;
        };
        let key = ReadKey { organization: actor.organization.id, reader, name, arguments };
        let Some(next) = self.next(&key, session) else { return read.await };
        let make = || async {
            while let Some(rested_at) = self.rested_at(&key) {
                sleep_until(rested_at).await;
            }
            let begun = Instant::now();
            self.begin(&key, &next, begun);
            let value = read.await;
            self.end(&key, begun);
            value.map(|value| Arc::new(value) as Arc<dyn Any + Send + Sync>)
        };
        // If the one who makes it leaves or fails, another who waits does it instead.
        let value = next.get_or_try_init(make).await?;
        // A name stands for one type.
        value.downcast_ref::<T>().cloned().ok_or_else(|| crate::ServiceError::Internal(format!("{name} has two types")))
    }

    /// Counts a session that asks; returns the read to wait for, if it is shared.
    fn next(&self, key: &ReadKey, session: Option<SessionId>) -> Option<Arc<NextRead>> {
        let now = Instant::now();
        let mut reads = self.reads();
        if reads.len() >= MAX_READS && !reads.contains_key(key) {
            reads.retain(|_, read| now.saturating_duration_since(read.counted_since) < COUNTED * 2);
        }
        let read = reads.entry(key.clone()).or_insert_with(|| Read::new(now));
        read.count(session, now).then(|| read.next())
    }

    /// When a read may be made again; `None` for now.
    fn rested_at(&self, key: &ReadKey) -> Option<Instant> {
        self.reads().get(key)?.rested_at.filter(|rested_at| *rested_at > Instant::now())
    }

    /// Begins a read: who asks from now on waits for the next one.
    fn begin(&self, key: &ReadKey, begun: &Arc<NextRead>, now: Instant) {
        if let Some(read) = self.reads().get_mut(key)
            && read.next.as_ref().is_some_and(|next| Arc::ptr_eq(next, begun))
        {
            (read.next, read.rested_at) = (None, Some(now + PAUSES[0]));
        }
    }

    /// Ends a read, after which the next one waits for longer the longer this one took.
    fn end(&self, key: &ReadKey, begun: Instant) {
        let pause = (begun.elapsed() * REST).clamp(PAUSES[0], PAUSES[1]);
        if let Some(read) = self.reads().get_mut(key) {
            read.rested_at = Some(begun + pause);
        }
    }

    fn reads(&self) -> MutexGuard<'_, HashMap<ReadKey, Read>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests;
