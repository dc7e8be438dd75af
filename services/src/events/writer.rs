//! Writes events, those that wait together in one transaction.

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

/// How many batches may wait; more wait to be let in.
const QUEUE: usize = 256;
/// With how many events a transaction takes no further batch.
const GROUP: usize = 20_000;
/// How many transactions PostgreSQL is given at once; SQLite has one writer.
const WRITERS: usize = 2;
/// How long a transaction is tried, while the database is busy or out of reach.
const PATIENCE: Duration = Duration::from_secs(5);
/// How long one try may take.
const LONGEST_TRY: Duration = Duration::from_secs(60);
/// How long to wait before the second try; doubled for each further one.
const FIRST_PAUSE: Duration = Duration::from_millis(20);

/// An event on its way.
#[derive(Clone, Debug)]
pub(super) struct Event {
    pub(super) digest: Uuid,
    pub(super) call: CallRecord,
}

/// A batch, and who waits for it to be written.
struct Waiting {
    events: Vec<Event>,
    done: oneshot::Sender<ServiceResult<usize>>,
}

pub(super) struct Writer {
    queue: mpsc::Sender<Waiting>,
    /// Ended when this is dropped.
    _tasks: JoinSet<()>,
}

impl Writer {
    pub(super) fn start(database: &Database) -> Self {
        let (queue, waiting) = mpsc::channel(QUEUE);
        let waiting = Arc::new(Mutex::new(waiting));
        let series = Arc::new(SeriesCache::bounded());
        let mut tasks = JoinSet::new();
        for _ in 0..if database.is_postgres() { WRITERS } else { 1 } {
            let task = Task { database: database.clone(), series: Arc::clone(&series) };
            tasks.spawn(task.run(Arc::clone(&waiting)));
        }
        Self { queue, _tasks: tasks }
    }

    /// Writes those that weren't written before, each once; tells how many that were.
    pub(super) async fn write(&self, events: Vec<Event>) -> ServiceResult<usize> {
        let (done, written) = oneshot::channel();
        let ended = || ServiceError::Unavailable(DbErr::Custom("the writer of events has ended".to_owned()));
        self.queue.send(Waiting { events, done }).await.map_err(|_| ended())?;
        written.await.map_err(|_| ended())?
    }
}

struct Task {
    database: Database,
    series: Arc<SeriesCache>,
}

impl Task {
    async fn run(self, queue: Arc<Mutex<mpsc::Receiver<Waiting>>>) {
        while let Some(group) = next_group(&queue).await {
            self.write_group(group).await;
        }
    }

    /// Writes a group, and tells everybody who waits what became of their batch.
    async fn write_group(&self, group: Vec<Waiting>) {
        let (batches, waiting): (Vec<_>, Vec<_>) = group.into_iter().map(|one| (one.events, one.done)).unzip();
        match self.write_patiently(&batches).await {
            Ok(new) => waiting.into_iter().zip(new).for_each(|(done, new)| tell(done, Ok(new))),
            // Something is wrong with one of them: the others shall not suffer for it.
            Err(error) if waiting.len() > 1 && !matches!(error, ServiceError::Unavailable(_)) => {
                for (batch, done) in batches.iter().zip(waiting) {
                    let alone = self.write_patiently(std::slice::from_ref(batch)).await;
                    tell(done, alone.map(|new| new.into_iter().sum()));
                }
            }
            Err(error) => {
                let message = error.to_string();
                let mut first = Some(error);
                for done in waiting {
                    let again = || ServiceError::Unavailable(DbErr::Custom(message.clone()));
                    tell(done, Err(first.take().unwrap_or_else(again)));
                }
            }
        }
    }

    /// Writes them in one transaction, trying again while that may help.
    ///
    /// A try whose end wasn't told may have written all: then the next finds that they were taken before.
    async fn write_patiently(&self, batches: &[Vec<Event>]) -> ServiceResult<Vec<usize>> {
        let started = Instant::now();
        let mut pause = FIRST_PAUSE;
        loop {
            let silent = || ServiceError::Unavailable(DbErr::Custom("the database doesn't answer".to_owned()));
            let tried = timeout(LONGEST_TRY, self.attempt(batches)).await.unwrap_or_else(|_| Err(silent()));
            match tried {
                Err(error @ (ServiceError::Unavailable(_) | ServiceError::Conflict(_)))
                    if started.elapsed() < PATIENCE =>
                {
                    tracing::warn!(%error, "can't write events; trying again");
                }
                tried => return tried,
            }
            sleep(pause).await;
            pause *= 2;
        }
    }

    /// One transaction. Tells how many of each batch were new.
    async fn attempt(&self, batches: &[Vec<Event>]) -> ServiceResult<Vec<usize>> {
        // In the order of the table's key, so that servers which write the same wait for each other in turn.
        let mut events: Vec<(usize, &Event)> = Vec::with_capacity(batches.iter().map(Vec::len).sum());
        for (batch, of_batch) in batches.iter().enumerate() {
            events.extend(of_batch.iter().map(|event| (batch, event)));
        }
        let key = |event: &Event| (event.call.organization_id, event.digest);
        // Stable: of those that are the same, the first counts.
        events.sort_by_key(|(_, event)| key(event));
        events.dedup_by(|later, first| key(later.1) == key(first.1));
        let transaction = self.database.begin().await?;
        let mut counts = vec![0; batches.len()];
        let mut calls = Vec::with_capacity(events.len());
        for of_one in events.chunk_by(|(_, a), (_, b)| a.call.organization_id == b.call.organization_id) {
            let Some((_, first)) = of_one.first() else { continue };
            let new = claim(&transaction, first.call.organization_id, of_one).await?;
            for (batch, event) in of_one.iter().filter(|(_, event)| new.contains(event.digest)) {
                counts[*batch] += 1;
                calls.push(event.call.clone());
            }
        }
        if calls.is_empty() {
            transaction.rollback().await?;
            return Ok(counts);
        }
        // Calls are clustered by their ids, which begin with their moments.
        calls.sort_by_key(|call| (call.organization_id, call.id));
        let series = metering::store(&transaction, &self.series, &calls).await?;
        transaction.commit().await?;
        series.keep(&self.series);
        Ok(counts)
    }
}

/// The batches that wait, as far as they fit into one transaction; `None` when there will be no more.
async fn next_group(queue: &Mutex<mpsc::Receiver<Waiting>>) -> Option<Vec<Waiting>> {
    let mut queue = queue.lock().await;
    let mut group = vec![queue.recv().await?];
    let mut events = group[0].events.len();
    while events < GROUP {
        let Ok(next) = queue.try_recv() else { break };
        events += next.events.len();
        group.push(next);
    }
    Some(group)
}

/// The digests that were new: most often all of them.
enum New {
    All,
    Some(HashSet<Uuid>),
}

impl New {
    fn contains(&self, digest: Uuid) -> bool {
        match self {
            Self::All => true,
            Self::Some(new) => new.contains(&digest),
        }
    }
}

/// Remembers these events of one organization. One that another transaction is about to remember is waited for.
async fn claim(
    transaction: &DatabaseTransaction,
    organization: OrganizationId,
    events: &[(usize, &Event)],
) -> ServiceResult<New> {
    let backend = transaction.get_database_backend();
    // One parameter for all: so many of their own would take longer to bind than to insert.
    let (source, open, separator, close) = match backend {
        DbBackend::Postgres => ("SELECT $1, unnest($2::text::uuid[])", "{", ",", "}"),
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
        return Ok(New::All);
    }
    let new: Result<HashSet<Uuid>, DbErr> = rows.iter().map(|row| row.try_get_by_index(0)).collect();
    Ok(New::Some(new?))
}

fn tell(done: oneshot::Sender<ServiceResult<usize>>, result: ServiceResult<usize>) {
    // Whoever waited may have gone; what was written stays so.
    let _ = done.send(result);
}
