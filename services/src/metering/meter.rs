//! Takes calls from many tasks, and answers for them.

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
    CallRecord, JournalSettings, MeterStatus, Open,
    journal::{Journal, Place},
    storer::{Carrier, Groups, Storer},
};
use crate::{ServiceError, ServiceResult, Services};

/// How long who reads waits for what was recorded before; usually it is there within 30 ms.
const READERS: Duration = Duration::from_secs(5);
/// How many notices a slow listener may miss before it is told that it missed some.
const NOTICES: usize = 1024;

/// Records calls: on the disk before it says so, in the database soon after. Cheap to clone.
#[derive(Clone)]
pub struct Meter {
    shared: Arc<Shared>,
    stored: broadcast::Sender<OrganizationId>,
    storer: Arc<Mutex<Option<JoinHandle<()>>>>,
    _closer: Arc<Closer>,
}

struct Shared {
    journal: Arc<Journal>,
    hurry: Arc<Notify>,
    /// Whether another machine holds the calls: then a call counts as recorded when they are there, if that is soon.
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
    /// How long PostgreSQL is waited for, until a call counts as recorded when it is on this machine's disk.
    pub const DATABASE_PATIENCE: Duration = Duration::from_millis(500);

    /// Opens the journal, and starts to store what is in it, and what other processes leave in its folder. It ends with
    /// [`Meter::shutdown`], or when the last clone is dropped.
    ///
    /// # Errors
    /// The journal's folder can't be written.
    pub fn start(services: &Services, journal: JournalSettings) -> ServiceResult<Self> {
        let folder = journal.folder.clone();
        let failed = |error| ServiceError::Internal(format!("the journal in {}: {error}", folder.display()));
        let (journal, left_over) = Journal::open(journal, services.now()).map_err(failed)?;
        let journal = Arc::new(journal);
        let syncing = Arc::clone(&journal);
        std::thread::Builder::new().name("journal".to_owned()).spawn(move || syncing.run()).map_err(failed)?;
        let waits_for_database = services.database().is_postgres();
        let hurry = Arc::new(Notify::new());
        let (stored, _) = broadcast::channel(NOTICES);
        let groups = Groups::new(services.database().clone());
        let carrier = Carrier { journal: Arc::clone(&journal), groups, stored: stored.clone() };
        let storer = Storer {
            journal: Arc::clone(&journal),
            carrier: Arc::new(carrier),
            lingers: !waits_for_database,
            hurry: Arc::clone(&hurry),
            place: Place::default(),
            finished: Vec::new(),
            noted: Instant::now(),
        };
        let task = tokio::spawn(storer.run(left_over));
        let closer = Arc::new(Closer(Arc::clone(&journal)));
        let shared = Arc::new(Shared { journal, hurry, waits_for_database });
        services.settling.add(&shared);
        Ok(Self { shared, stored, storer: Arc::new(Mutex::new(Some(task))), _closer: closer })
    }

    /// Notes that a call is about to be forwarded; `call` says what is known of it. When the process ends before the
    /// call is [recorded](Self::record), it is stored as interrupted by another process that shares its folder, or at the next
    /// start. Doesn't wait for the disk.
    ///
    /// What is given back is to be kept until the call is recorded. Dropped before, the call is recorded as interrupted.
    ///
    /// # Errors
    /// [`ServiceError::Unavailable`]: no more calls can be taken, since the database has taken none for too long, or the
    /// disk takes nothing, or the meter was shut down.
    pub fn begin(&self, call: &CallRecord) -> ServiceResult<Open> {
        self.shared.journal.begin(call)?;
        Ok(Open::new(Arc::clone(&self.shared.journal), call.id))
    }

    /// Records a call that is over. `Ok` means that it won't be lost, and will be found once, with its rollups, by whoever
    /// reads through these services from now on.
    ///
    /// A call whose id is recorded already is left as it is. If the future is dropped, the call is recorded all the same.
    ///
    /// # Errors
    /// [`ServiceError::Unavailable`]: the disk takes nothing, or the meter was shut down. A refused call isn't taken either
    /// where [`begin`](Self::begin) refuses.
    pub async fn record(&self, call: CallRecord) -> ServiceResult<()> {
        let Shared { journal, waits_for_database, .. } = &*self.shared;
        if call.outcome == Outcome::Refused && journal.refuses() {
            return Err(ServiceError::unavailable("no calls can be taken"));
        }
        let synced = if *waits_for_database {
            let results = journal.end(&call)?;
            drop(call);
            let soon = journal.oldest_age().is_none_or(|age| age < Self::DATABASE_PATIENCE);
            if soon && timeout(Self::DATABASE_PATIENCE, journal.until_stored(results)).await.is_ok() {
                return Ok(());
            }
            journal.synced_result(results).await
        } else {
            let synced = journal.end_synced(&call)?;
            drop(call);
            // Without an answer the thread has ended.
            synced.await.unwrap_or(false)
        };
        if synced { Ok(()) } else { Err(ServiceError::unavailable("the journal can't be written")) }
    }

    /// Tells of each organization whose calls were just stored, by this process. Several calls may share one notice.
    pub fn subscribe(&self) -> broadcast::Receiver<OrganizationId> {
        self.stored.subscribe()
    }

    /// How the journal does. Cheap.
    pub fn status(&self) -> MeterStatus {
        self.shared.journal.status()
    }

    /// Returns when everything that was recorded is in the database, however long that takes.
    pub async fn settled(&self) {
        self.shared.settled().await;
    }

    /// Takes no more calls, and returns when those that were taken are stored. Where the database doesn't answer for some
    /// seconds, they stay in the journal for the next start.
    pub async fn shutdown(&self) {
        self.shared.journal.close();
        self.shared.hurry.notify_one();
        if let Some(task) = self.storer.lock().await.take()
            && let Err(error) = task.await
        {
            tracing::error!(%error, "the meter's storer ended badly");
        }
    }
}

impl Shared {
    async fn settled(&self) {
        if !self.journal.is_settled() {
            self.hurry.notify_one();
            self.journal.until_all_stored().await;
        }
    }
}

/// What those wait for who read calls and figures, so that they see every call that was answered before.
#[derive(Clone, Default)]
pub(crate) struct Settling(Arc<SyncMutex<Vec<Weak<Shared>>>>);

impl Settling {
    fn add(&self, meter: &Arc<Shared>) {
        let mut meters = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        meters.retain(|meter| meter.strong_count() > 0);
        meters.push(Arc::downgrade(meter));
    }

    /// Waits until what was recorded before is in the database: a moment, and not at all where that takes long anyway.
    pub(crate) async fn settled(&self) {
        let meters: Vec<_> =
            self.0.lock().unwrap_or_else(PoisonError::into_inner).iter().filter_map(Weak::upgrade).collect();
        for meter in meters {
            if meter.journal.oldest_age().is_some_and(|age| age < READERS) {
                // Whoever reads now sees what there is.
                let _ = timeout(READERS, meter.settled()).await;
            }
        }
    }
}
