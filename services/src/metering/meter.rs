//! The meter: records calls from many tasks.

use std::{
    sync::{Arc, Mutex as SyncMutex, PoisonError, Weak},
    time::{Duration, Instant},
};

use domain::ids::OrganizationId;
use tokio::{
    sync::{Mutex, Notify, broadcast},
    task::JoinHandle,
    time::timeout,
};

use super::{
    CallRecord, JournalSettings, MeterStatus, OpenCall,
    journal::{Journal, JournalPosition},
    recorder::{self, Recorder},
    registry::JournalRegistry,
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
    recorder: Arc<Recorder>,
    stored: broadcast::Sender<OrganizationId>,
    storer: Arc<Mutex<Option<JoinHandle<()>>>>,
    _closer: Arc<Closer>,
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
    pub const DATABASE_TIMEOUT: Duration = recorder::DATABASE_TIMEOUT;

    /// Opens the journal and starts to store its calls, and those that other processes abandon in its folder.
    /// Storing ends with [`Meter::shutdown`], or when the last clone is dropped.
    ///
    /// # Errors
    /// The journal's folder can't be written, or the database doesn't answer.
    pub async fn start(services: &Services, journal: JournalSettings) -> ServiceResult<Self> {
        let folder = journal.folder.clone();
        let failed = |error| ServiceError::Internal(format!("the journal in {}: {error}", folder.display()));
        let (journal, abandoned) = Journal::open(journal, services.now()).map_err(failed)?;
        let registry = JournalRegistry::open(services).await?;
        journal.folder.set_installation(registry.installation).map_err(failed)?;
        registry.remove_missing().await?;
        registry.add(&journal.folder).await?;
        let journal = Arc::new(journal);
        let syncing = Arc::clone(&journal);
        std::thread::Builder::new().name("journal".to_owned()).spawn(move || syncing.run()).map_err(failed)?;
        let waits_for_database = services.database().is_postgres();
        let wake_storer = Arc::new(Notify::new());
        let (stored, _) = broadcast::channel(NOTICE_CAPACITY);
        let groups = Groups::new(services.database().clone());
        let line_storer = LineStorer::new(Arc::clone(&journal), registry, groups, stored.clone());
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
        let recorder = Arc::new(Recorder { journal, wake_storer, waits_for_database });
        services.read_barrier.add(&recorder);
        Ok(Self { recorder, stored, storer: Arc::new(Mutex::new(Some(task))), _closer: closer })
    }

    /// Writes down that a call is about to be forwarded, with its record so far. If the process ends before
    /// the call [ends](OpenCall::end), another process that shares the folder stores it as interrupted,
    /// or the next start does. Doesn't wait for the disk.
    ///
    /// Dropping the [`OpenCall`] before the call has ended records it as interrupted.
    ///
    /// # Errors
    /// [`ServiceError::Unavailable`]: the database has stored no calls for too long, the disk can't be
    /// written, or the meter was shut down.
    pub fn begin(&self, call: &CallRecord) -> ServiceResult<OpenCall> {
        self.recorder.journal.begin(call)?;
        Ok(OpenCall::new(Arc::clone(&self.recorder), call.id))
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
        self.recorder.record(call).await
    }

    /// Subscribes to the organizations whose calls this process
    /// has just stored. Several calls may share one notice.
    pub fn subscribe(&self) -> broadcast::Receiver<OrganizationId> {
        self.stored.subscribe()
    }

    /// The state of the journal. Cheap.
    pub fn status(&self) -> MeterStatus {
        self.recorder.journal.status()
    }

    /// Waits until all recorded calls are in the database, however long that takes.
    pub async fn wait_until_stored(&self) {
        self.recorder.wait_until_stored().await;
    }

    /// Accepts no more calls, and waits until the accepted ones are stored. If the database doesn't answer
    /// for some seconds, they stay in the journal for the next start.
    pub async fn shutdown(&self) {
        self.recorder.journal.close();
        self.recorder.wake_storer.notify_one();
        if let Some(task) = self.storer.lock().await.take()
            && let Err(error) = task.await
        {
            tracing::error!(%error, "the meter's storer ended badly");
        }
    }
}

/// The wait before calls and figures are read, so that readers see every call answered before.
#[derive(Clone, Default)]
pub(crate) struct ReadBarrier(Arc<SyncMutex<Vec<Weak<Recorder>>>>);

impl ReadBarrier {
    fn add(&self, meter: &Arc<Recorder>) {
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
