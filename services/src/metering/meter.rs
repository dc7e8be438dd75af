//! Takes calls from many tasks and commits those that wait together.

use std::{
    borrow::Cow,
    collections::{BTreeSet, HashSet},
    sync::Arc,
    time::Duration,
};

use domain::ids::OrganizationId;
use sea_orm::{ColumnTrait, DbErr, EntityTrait, QueryFilter, QuerySelect};
use tokio::{
    sync::{Mutex, Notify, broadcast, mpsc, oneshot},
    task::JoinHandle,
    time::{Instant, sleep, timeout},
};
use uuid::Uuid;

use super::{CallRecord, SeriesCache, store};
use crate::{Database, ServiceError, ServiceResult, Services, entities};

/// How many calls may wait to be stored; more wait to be let in.
const QUEUE: usize = 4096;
/// How many calls one transaction stores at most.
const GROUP: usize = 512;
/// How long a transaction is tried, while the database is busy or out of reach.
const PATIENCE: Duration = Duration::from_secs(5);
/// How long one try may take.
const LONGEST_TRY: Duration = Duration::from_secs(20);
/// How long to wait before the second try; doubled for each further one.
const FIRST_PAUSE: Duration = Duration::from_millis(20);
/// How many notices a slow listener may miss before it is told that it missed some.
const NOTICES: usize = 1024;

const SILENT: &str = "the database doesn't answer";

/// A call, and who waits for it to be stored.
struct Waiting {
    call: CallRecord,
    done: oneshot::Sender<ServiceResult<()>>,
}

/// Stores calls, each in a transaction with its rollups, shared with whatever else waits at that moment. Cheap to clone.
#[derive(Clone)]
pub struct Meter {
    queue: mpsc::Sender<Waiting>,
    stored: broadcast::Sender<OrganizationId>,
    stop: Arc<Notify>,
    writer: Arc<Mutex<Option<JoinHandle<()>>>>,
}

impl Meter {
    /// Starts the task that writes. It ends with [`Meter::shutdown`], or when the last clone is dropped.
    pub fn start(services: &Services) -> Self {
        let (queue, waiting) = mpsc::channel(QUEUE);
        let stop = Arc::new(Notify::new());
        let (stored, _) = broadcast::channel(NOTICES);
        let writer =
            Writer { database: services.database().clone(), series: SeriesCache::new(), stored: stored.clone() };
        let task = tokio::spawn(writer.run(waiting, Arc::clone(&stop)));
        Self { queue, stored, stop, writer: Arc::new(Mutex::new(Some(task))) }
    }

    /// Stores a call. `Ok` means that it is on the disk, with its rollups, and will be found once.
    ///
    /// A call whose id is stored already is left as it is. If the future is dropped, the call is stored all the same.
    ///
    /// # Errors
    /// The database stayed busy or out of reach for some seconds, or the meter was shut down.
    pub async fn record(&self, call: CallRecord) -> ServiceResult<()> {
        let (done, stored) = oneshot::channel();
        let closed = || unavailable("the meter is shut down");
        self.queue.send(Waiting { call, done }).await.map_err(|_| closed())?;
        stored.await.map_err(|_| closed())?
    }

    /// Tells of each organization whose calls were just stored, by this process. Several calls may share one notice.
    pub fn subscribe(&self) -> broadcast::Receiver<OrganizationId> {
        self.stored.subscribe()
    }

    /// Takes no more calls, and returns when those that were taken are stored.
    pub async fn shutdown(&self) {
        self.stop.notify_one();
        if let Some(task) = self.writer.lock().await.take()
            && let Err(error) = task.await
        {
            tracing::error!(%error, "the meter's writer ended badly");
        }
    }
}

fn unavailable(message: impl Into<String>) -> ServiceError {
    ServiceError::Unavailable(DbErr::Custom(message.into()))
}

struct Writer {
    database: Database,
    series: SeriesCache,
    stored: broadcast::Sender<OrganizationId>,
}

impl Writer {
    async fn run(self, mut queue: mpsc::Receiver<Waiting>, stop: Arc<Notify>) {
        let mut group = Vec::with_capacity(GROUP);
        loop {
            let taken = tokio::select! {
                biased;
                () = stop.notified(), if !queue.is_closed() => {
                    queue.close();
                    continue;
                }
                taken = queue.recv_many(&mut group, GROUP) => taken,
            };
            if taken == 0 {
                return;
            }
            let (calls, waiting) = group.drain(..).map(|Waiting { call, done }| (call, done)).unzip();
            self.store_group(calls, waiting).await;
        }
    }

    /// Stores a group, and tells everybody who waits what became of their call.
    async fn store_group(&self, calls: Vec<CallRecord>, waiting: Vec<oneshot::Sender<ServiceResult<()>>>) {
        let organizations: BTreeSet<OrganizationId> = calls.iter().map(|call| call.organization_id).collect();
        match self.store_patiently(&calls).await {
            Ok(()) => {
                for done in waiting {
                    // Whoever waited may have gone; the call is stored all the same.
                    let _ = done.send(Ok(()));
                }
            }
            // Something is wrong with one of them: the others shall not suffer for it.
            Err(ServiceError::Database(_) | ServiceError::Internal(_)) if waiting.len() > 1 => {
                for (call, done) in calls.iter().zip(waiting) {
                    let _ = done.send(self.store_patiently(std::slice::from_ref(call)).await.inspect_err(log));
                }
            }
            Err(error) => {
                log(&error);
                let message = error.to_string();
                for done in waiting {
                    let _ = done.send(Err(unavailable(message.clone())));
                }
                return;
            }
        }
        for organization in organizations {
            // Nobody may be listening.
            let _ = self.stored.send(organization);
        }
    }

    /// Stores `calls` in one transaction, trying again while that may help, but never twice: where it isn't known
    /// what became of a try, those that are stored already are left out of the next.
    async fn store_patiently(&self, calls: &[CallRecord]) -> ServiceResult<()> {
        let mut calls = Cow::Borrowed(calls);
        let started = Instant::now();
        let mut pause = FIRST_PAUSE;
        let mut uncertain = false;
        loop {
            let tried = match self.leave_out_stored(&mut calls, uncertain).await {
                Ok(()) => self.attempt(&calls).await,
                Err(error) => Err(Failure::Unknown(error)),
            };
            let error = match tried {
                Ok(()) => return Ok(()),
                // A conflict means that a try which seemed to fail did not, or that an id came twice.
                Err(Failure::Unknown(error) | Failure::Known(error @ ServiceError::Conflict(_))) => {
                    uncertain = true;
                    error
                }
                Err(Failure::Known(error @ ServiceError::Unavailable(_))) => error,
                Err(Failure::Known(error)) => return Err(error),
            };
            if started.elapsed() >= PATIENCE {
                return Err(error);
            }
            tracing::warn!(%error, calls = calls.len(), "can't store calls; trying again");
            sleep(pause).await;
            pause *= 2;
        }
    }

    /// One transaction.
    async fn attempt(&self, calls: &[CallRecord]) -> Result<(), Failure> {
        if calls.is_empty() {
            return Ok(());
        }
        let transaction = async {
            let transaction = self.database.begin().await.map_err(Failure::Known)?;
            // An error here rolls the transaction back, since it is dropped.
            let new = store(&transaction, &self.series, calls).await.map_err(Failure::Known)?;
            transaction.commit().await.map_err(|error| Failure::Unknown(error.into()))?;
            new.keep(&self.series);
            Ok(())
        };
        match timeout(LONGEST_TRY, transaction).await {
            Ok(result) => result,
            Err(_) => Err(Failure::Unknown(unavailable(SILENT))),
        }
    }

    /// Where some may be stored already, keeps those that aren't, each once.
    async fn leave_out_stored(&self, calls: &mut Cow<'_, [CallRecord]>, uncertain: bool) -> ServiceResult<()> {
        if !uncertain {
            return Ok(());
        }
        let organizations: BTreeSet<Uuid> = calls.iter().map(|call| call.organization_id.uuid()).collect();
        let query = entities::calls::Entity::find()
            .select_only()
            .column(entities::calls::Column::Id)
            .filter(entities::calls::Column::OrganizationId.is_in(organizations))
            .filter(entities::calls::Column::Id.is_in(calls.iter().map(|call| call.id.uuid())))
            .into_tuple::<Uuid>();
        let found = timeout(LONGEST_TRY, query.all(self.database.read())).await.map_err(|_| unavailable(SILENT))??;
        let mut seen: HashSet<Uuid> = found.into_iter().collect();
        calls.to_mut().retain(|call| seen.insert(call.id.uuid()));
        Ok(())
    }
}

/// A try that failed.
enum Failure {
    /// Nothing was stored.
    Known(ServiceError),
    /// All of it may have been stored, or nothing.
    Unknown(ServiceError),
}

fn log(error: &ServiceError) {
    tracing::error!(%error, "calls couldn't be stored");
}
