//! The meter: records calls from many tasks.

use std::{
    sync::{Arc, Mutex as SyncMutex, PoisonError, Weak},
    time::{Duration, Instant},
};

use domain::{calls::Outcome, ids::OrganizationId};
use tokio::{
    sync::{Mutex, Notify, broadcast},
    task::JoinHandle,
    time::timeout,
};

use super::{
    CallRecord, JournalSettings, MeterStatus, OpenCall,
    journal::{Journal, JournalPosition},
    storer::{Groups, LineStorer, Storer},
};
use crate::{ServiceError, ServiceResult, Services};

/// Maximum time that a reader waits for calls recorded before; usually they are stored within 30 ms.
const READ_WAIT: Duration = Duration::from_secs(5);
/// Capacity of the channel of notices; a receiver that lags behind by more gets an error.
const NOTICE_CAPACITY: usize = 1024;

/// Records calls: on the disk before it returns, in the database soon after. Cheap to clone.
#[derive(Clone)]
pub struct Meter {
    shared: Arc<Shared>,
    stored: broadcast::Sender<OrganizationId>,
    storer: Arc<Mutex<Option<JoinHandle<()>>>>,
    _closer: Arc<Closer>,
}

struct Shared {
    journal: Arc<Journal>,
    wake_storer: Arc<Notify>,
    /// Whether a call counts as recorded once it is in the database,
    /// if that is soon: for a database on another machine.
    waits_for_database: bool,
}

/// Closes the journal with the last meter.
struct Closer(Arc<Journal>);

impl Drop for Closer {
    fn drop(&mut self) {
        self.0.close();
    }
}

impl Meter {
    /// How long to wait for PostgreSQL before a call counts as recorded once it is on this machine's disk.
    pub const DATABASE_TIMEOUT: Duration = Duration::from_millis(500);

    /// Opens the journal and starts to store its calls, and those that other processes abandon in its folder.
    /// Storing ends with [`Meter::shutdown`], or when the last clone is dropped.
    ///
    /// # Errors
    /// The journal's folder can't be written.
    pub fn start(services: &Services, journal: JournalSettings) -> ServiceResult<Self> {
        let folder = journal.folder.clone();
        let failed = |error| ServiceError::Internal(format!("the journal in {}: {error}", folder.display()));
        let (journal, abandoned) = Journal::open(journal, services.now()).map_err(failed)?;
        let journal = Arc::new(journal);
        let syncing = Arc::clone(&journal);
        std::thread::Builder::new().name("journal".to_owned()).spawn(move || syncing.run()).map_err(failed)?;
        let waits_for_database = services.database().is_postgres();
        let wake_storer = Arc::new(Notify::new());
        let (stored, _) = broadcast::channel(NOTICE_CAPACITY);
        let groups = Groups::new(services.database().clone());
        let line_storer = LineStorer { journal: Arc::clone(&journal), groups, stored: stored.clone() };
        let storer = Storer {
            journal: Arc::clone(&journal),
            line_storer: Arc::new(line_storer),
            batches: !waits_for_database,
            wake: Arc::clone(&wake_storer),
            position: JournalPosition::default(),
            finished: Vec::new(),
            marked_at: Instant::now(),
        };
        let task = tokio::spawn(storer.run(abandoned));
        let closer = Arc::new(Closer(Arc::clone(&journal)));
        let shared = Arc::new(Shared { journal, wake_storer, waits_for_database });
        services.read_barrier.add(&shared);
        Ok(Self { shared, stored, storer: Arc::new(Mutex::new(Some(task))), _closer: closer })
    }

    /// Writes down that a call is about to be forwarded, with its record so far. If the process ends before
    /// the call is [recorded](Self::record), another process that shares the folder stores it as interrupted,
    /// or the next start does. Doesn't wait for the disk.
    ///
    /// Keep the [`OpenCall`] until the call is recorded: dropping it earlier records the call as interrupted.
    ///
    /// # Errors
    /// [`ServiceError::Unavailable`]: the database has stored no calls for too long, the disk can't be
    /// written, or the meter was shut down.
    pub fn begin(&self, call: &CallRecord) -> ServiceResult<OpenCall> {
        self.shared.journal.begin(call)?;
        Ok(OpenCall::new(Arc::clone(&self.shared.journal), call.id))
    }

    /// Records a call that is over. `Ok` means that it won't be lost, and that later reads through these
    /// services find it once, with its rollups.
    ///
    /// A call whose id is already recorded is left unchanged.
    /// Dropping the future doesn't cancel the recording.
    ///
    /// # Errors
    /// [`ServiceError::Unavailable`]: the disk can't be written, or the meter was shut down; for a refused
    /// call, also while [`begin`](Self::begin) fails.
    pub async fn record(&self, call: CallRecord) -> ServiceResult<()> {
        let Shared { journal, waits_for_database, .. } = &*self.shared;
        if call.outcome == Outcome::Refused && journal.is_refusing() {
            return Err(ServiceError::unavailable("no calls can be taken"));
        }
        let synced = if *waits_for_database {
            let results = journal.end(&call)?;
            drop(call);
            let soon = journal.oldest_age().is_none_or(|age| age < Self::DATABASE_TIMEOUT);
            if soon && timeout(Self::DATABASE_TIMEOUT, journal.wait_until_stored(results)).await.is_ok() {
                return Ok(());
            }
            journal.wait_until_result_synced(results).await
        } else {
            let synced = journal.end_synced(&call)?;
            drop(call);
            // The sender is dropped if the thread has ended.
            synced.await.unwrap_or(false)
        };
        if synced { Ok(()) } else { Err(ServiceError::unavailable("the journal can't be written")) }
    }

    /// Subscribes to the organizations whose calls this process
    /// has just stored. Several calls may share one notice.
    pub fn subscribe(&self) -> broadcast::Receiver<OrganizationId> {
        self.stored.subscribe()
    }

    /// The state of the journal. Cheap.
    pub fn status(&self) -> MeterStatus {
        self.shared.journal.status()
    }

    /// Waits until all recorded calls are in the database, however long that takes.
    pub async fn wait_until_stored(&self) {
        self.shared.wait_until_stored().await;
    }

    /// Accepts no more calls, and waits until the accepted ones are stored. If the database doesn't answer
    /// for some seconds, they stay in the journal for the next start.
    pub async fn shutdown(&self) {
        self.shared.journal.close();
        self.shared.wake_storer.notify_one();
        if let Some(task) = self.storer.lock().await.take()
            && let Err(error) = task.await
        {
            tracing::error!(%error, "the meter's storer ended badly");
        }
    }
}

impl Shared {
    async fn wait_until_stored(&self) {
        if !self.journal.is_all_stored() {
            self.wake_storer.notify_one();
            self.journal.wait_until_all_stored().await;
        }
    }
}

/// The wait before calls and figures are read, so that readers see every call answered before.
#[derive(Clone, Default)]
pub(crate) struct ReadBarrier(Arc<SyncMutex<Vec<Weak<Shared>>>>);

impl ReadBarrier {
    fn add(&self, meter: &Arc<Shared>) {
        let mut meters = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        meters.retain(|meter| meter.strong_count() > 0);
        meters.push(Arc::downgrade(meter));
    }

    /// Waits briefly until calls recorded before are in the database; not at all while the database is slow.
    pub(crate) async fn wait(&self) {
        let meters: Vec<_> =
            self.0.lock().unwrap_or_else(PoisonError::into_inner).iter().filter_map(Weak::upgrade).collect();
        for meter in meters {
            if meter.journal.oldest_age().is_some_and(|age| age < READ_WAIT) {
                // After a timeout, the reader sees what is stored so far.
                let _ = timeout(READ_WAIT, meter.wait_until_stored()).await;
            }
        }
    }
}
