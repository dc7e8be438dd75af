//! Writes events. Batches that wait at the same time share a transaction.

use std::{collections::HashSet, sync::Arc, time::Duration};

use domain::ids::OrganizationId;
use sea_orm::{ConnectionTrait, DbBackend, DbErr, Statement};
use tokio::{
    sync::{Mutex, mpsc, oneshot},
    task::JoinSet,
    time::{Instant, sleep, timeout},
};
use uuid::Uuid;

use crate::{
    Database, ServiceError, ServiceResult,
    database::DatabaseTransaction,
    metering::{self, CallRecord, SeriesCache},
};

/// Maximum number of queued batches; further senders wait.
const QUEUE_SIZE: usize = 256;
/// Number of events from which a transaction takes no further batch.
const GROUP_EVENTS: usize = 20_000;
/// Number of concurrent transactions on PostgreSQL; SQLite has one writer.
const POSTGRES_WRITERS: usize = 2;
/// How long to retry a transaction while the database is busy or can't be reached.
const WRITE_TIMEOUT: Duration = Duration::from_secs(5);
/// Timeout of one attempt.
const TRY_TIMEOUT: Duration = Duration::from_secs(60);
/// Delay before the second attempt; doubled for each further one.
const FIRST_RETRY_DELAY: Duration = Duration::from_millis(20);

/// An event that isn't written yet.
#[derive(Clone, Debug)]
pub(super) struct PendingEvent {
    pub(super) digest: Uuid,
    pub(super) call: CallRecord,
}

/// A batch with the sender of its result.
struct QueuedBatch {
    events: Vec<PendingEvent>,
    done: oneshot::Sender<ServiceResult<usize>>,
}

/// Queues batches for the tasks that write them.
pub(super) struct EventWriter {
    queue: mpsc::Sender<QueuedBatch>,
    /// Aborted on drop.
    _tasks: JoinSet<()>,
}

impl EventWriter {
    pub(super) fn start(database: &Database) -> Self {
        let (queue, receiver) = mpsc::channel(QUEUE_SIZE);
        let receiver = Arc::new(Mutex::new(receiver));
        let series = Arc::new(SeriesCache::bounded());
        let mut tasks = JoinSet::new();
        for _ in 0..if database.is_postgres() { POSTGRES_WRITERS } else { 1 } {
            let task = WriterTask { database: database.clone(), series: Arc::clone(&series) };
            tasks.spawn(task.run(Arc::clone(&receiver)));
        }
        Self { queue, _tasks: tasks }
    }

    /// Writes events that weren't written before, each once, and returns their number.
    pub(super) async fn write(&self, events: Vec<PendingEvent>) -> ServiceResult<usize> {
        let (done, written) = oneshot::channel();
        let ended = || ServiceError::Unavailable(DbErr::Custom("the writer of events has ended".to_owned()));
        self.queue.send(QueuedBatch { events, done }).await.map_err(|_| ended())?;
        written.await.map_err(|_| ended())?
    }
}

struct WriterTask {
    database: Database,
    series: Arc<SeriesCache>,
}

impl WriterTask {
    async fn run(self, queue: Arc<Mutex<mpsc::Receiver<QueuedBatch>>>) {
        while let Some(group) = receive_group(&queue).await {
            self.write_group(group).await;
        }
    }

    /// Writes a group of batches, and sends each its result.
    async fn write_group(&self, group: Vec<QueuedBatch>) {
        let (batches, senders): (Vec<_>, Vec<_>) = group.into_iter().map(|batch| (batch.events, batch.done)).unzip();
        match self.write_with_retries(&batches).await {
            Ok(new) => senders.into_iter().zip(new).for_each(|(done, new)| send_result(done, Ok(new))),
            // At least one batch is invalid: writes each alone, so that the others succeed.
            Err(error) if senders.len() > 1 && !matches!(error, ServiceError::Unavailable(_)) => {
                for (batch, done) in batches.iter().zip(senders) {
                    let result = self.write_with_retries(std::slice::from_ref(batch)).await;
                    send_result(done, result.map(|new| new.into_iter().sum()));
                }
            }
            Err(error) => {
                let message = error.to_string();
                let mut first = Some(error);
                for done in senders {
                    let again = || ServiceError::Unavailable(DbErr::Custom(message.clone()));
                    send_result(done, Err(first.take().unwrap_or_else(again)));
                }
            }
        }
    }

    /// Writes batches in one transaction, with retries while they may help.
    ///
    /// An attempt without an answer may have written everything:
    /// the next then counts the events as duplicates.
    async fn write_with_retries(&self, batches: &[Vec<PendingEvent>]) -> ServiceResult<Vec<usize>> {
        let started = Instant::now();
        let mut delay = FIRST_RETRY_DELAY;
        loop {
            let no_answer = || ServiceError::Unavailable(DbErr::Custom("the database doesn't answer".to_owned()));
            let result = timeout(TRY_TIMEOUT, self.attempt(batches)).await.unwrap_or_else(|_| Err(no_answer()));
            match result {
                Err(error @ (ServiceError::Unavailable(_) | ServiceError::Conflict(_)))
                    if started.elapsed() < WRITE_TIMEOUT =>
                {
                    tracing::warn!(%error, "can't write events; trying again");
                }
                result => return result,
            }
            sleep(delay).await;
            delay *= 2;
        }
    }

    /// Writes batches in one transaction, and returns the number of new events of each.
    async fn attempt(&self, batches: &[Vec<PendingEvent>]) -> ServiceResult<Vec<usize>> {
        // In the order of the table's key, so that servers writing the same events can't deadlock.
        let mut events: Vec<(usize, &PendingEvent)> = Vec::with_capacity(batches.iter().map(Vec::len).sum());
        for (batch, batch_events) in batches.iter().enumerate() {
            events.extend(batch_events.iter().map(|event| (batch, event)));
        }
        let key = |event: &PendingEvent| (event.call.organization_id, event.digest);
        // The sort is stable: of duplicates, the first counts.
        events.sort_by_key(|(_, event)| key(event));
        events.dedup_by(|later, first| key(later.1) == key(first.1));
        let transaction = self.database.begin().await?;
        let mut counts = vec![0; batches.len()];
        let mut calls = Vec::with_capacity(events.len());
        for group in events.chunk_by(|(_, a), (_, b)| a.call.organization_id == b.call.organization_id) {
            let Some((_, first)) = group.first() else { continue };
            let new = insert_digests(&transaction, first.call.organization_id, group).await?;
            for (batch, event) in group.iter().filter(|(_, event)| new.contains(event.digest)) {
                counts[*batch] += 1;
                calls.push(event.call.clone());
            }
        }
        if calls.is_empty() {
            transaction.rollback().await?;
            return Ok(counts);
        }
        // Calls are clustered by their ids, which begin with their time.
        calls.sort_by_key(|call| (call.organization_id, call.id));
        let series = metering::store(&transaction, &self.series, &calls).await?;
        transaction.commit().await?;
        series.commit_to(&self.series);
        Ok(counts)
    }
}

/// Receives the waiting batches for one transaction; `None` once the queue is closed.
async fn receive_group(queue: &Mutex<mpsc::Receiver<QueuedBatch>>) -> Option<Vec<QueuedBatch>> {
    let mut queue = queue.lock().await;
    let mut group = vec![queue.recv().await?];
    let mut events = group[0].events.len();
    while events < GROUP_EVENTS {
        let Ok(next) = queue.try_recv() else { break };
        events += next.events.len();
        group.push(next);
    }
    Some(group)
}

/// The digests that were new, usually all of them.
enum NewDigests {
    All,
    Some(HashSet<Uuid>),
}

impl NewDigests {
    fn contains(&self, digest: Uuid) -> bool {
        match self {
            Self::All => true,
            Self::Some(new) => new.contains(&digest),
        }
    }
}

/// Inserts the digests of one organization's events. Waits for other transactions that insert the same ones.
async fn insert_digests(
    transaction: &DatabaseTransaction,
    organization: OrganizationId,
    events: &[(usize, &PendingEvent)],
) -> ServiceResult<NewDigests> {
    let backend = transaction.get_database_backend();
    // One parameter for all digests: binding each would take longer than the insert.
    let (source, open, separator, close) = match backend {
        DbBackend::Postgres => ("SELECT $1, unnest($2::text::uuid[]) WHERE true", "{", ",", "}"),
        _ => ("SELECT $1, unhex(value) FROM json_each($2) WHERE true", "[\"", "\",\"", "\"]"),
    };
    let sql =
        format!("INSERT INTO event_ids (organization_id, digest) {source} ON CONFLICT DO NOTHING RETURNING digest");
    let mut digests = String::with_capacity(events.len() * (32 + separator.len()) + 4);
    digests.push_str(open);
    for (position, (_, event)) in events.iter().enumerate() {
        digests.push_str(if position == 0 { "" } else { separator });
        digests.push_str(event.digest.simple().encode_lower(&mut [0; 32]));
    }
    digests.push_str(close);
    let insert = Statement::from_sql_and_values(backend, sql, [organization.uuid().into(), digests.into()]);
    let rows = transaction.query_all_raw(insert).await?;
    if rows.len() == events.len() {
        return Ok(NewDigests::All);
    }
    let new: Result<HashSet<Uuid>, DbErr> = rows.iter().map(|row| row.try_get_by_index(0)).collect();
    Ok(NewDigests::Some(new?))
}

fn send_result(done: oneshot::Sender<ServiceResult<usize>>, result: ServiceResult<usize>) {
    // The receiver may be gone; the events stay written.
    let _ = done.send(result);
}
