//! Asks the database how things stand: once for each organization that somebody watches, however many do.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError, Weak},
    time::Duration,
};

use domain::ids::{OrganizationId, SessionId};
use services::{
    Services,
    live::{Standing, standing},
    metering::Meter,
};
use tokio::{
    sync::{Notify, broadcast, broadcast::error::RecvError, watch},
    time::{Instant, MissedTickBehavior, interval, sleep_until},
};

/// How often the database is asked for what came by other servers, and whether sessions still stand.
const POLL: Duration = Duration::from_secs(1);
/// Least time between two questions because of calls.
const PAUSE: Duration = Duration::from_millis(400);
/// Sockets at once of one session: as many pages as somebody has open.
const MOST_OF_A_SESSION: usize = 10;
/// Sockets at once of all.
const MOST: usize = 1_000;

/// All that is watched. Cheap to clone.
#[derive(Clone, Default)]
pub(crate) struct Feeds(Arc<Mutex<Open>>);

#[derive(Default)]
struct Open {
    feeds: HashMap<OrganizationId, Arc<Feed>>,
    sessions: HashMap<SessionId, usize>,
    sockets: usize,
}

/// One organization's.
pub(super) struct Feed {
    organization: OrganizationId,
    /// With how many sockets each.
    watchers: Mutex<HashMap<SessionId, usize>>,
    told: watch::Sender<Told>,
    /// Somebody came who was told nothing yet.
    wanted: Notify,
}

/// How things stood.
#[derive(Clone)]
pub(super) struct Told {
    /// When it was asked for.
    pub(super) asked: Instant,
    pub(super) standing: Arc<Standing>,
}

/// A socket's place, as long as it lives.
pub(crate) struct Watching {
    feeds: Feeds,
    feed: Arc<Feed>,
    pub(super) session: SessionId,
    /// What was asked for before says nothing of this socket.
    pub(super) since: Instant,
}

impl Feeds {
    /// A place; `None` where there are too many of this session, or of all.
    pub(super) fn enter(
        &self,
        services: &Services,
        meter: &Meter,
        organization: OrganizationId,
        session: SessionId,
    ) -> Option<Watching> {
        let mut open = self.open();
        if open.sockets >= MOST || open.sessions.get(&session).is_some_and(|sockets| *sockets >= MOST_OF_A_SESSION) {
            return None;
        }
        open.sockets += 1;
        *open.sessions.entry(session).or_default() += 1;
        let feed =
            Arc::clone(open.feeds.entry(organization).or_insert_with(|| Feed::start(services, meter, organization)));
        *feed.watchers().entry(session).or_default() += 1;
        drop(open);
        let since = Instant::now();
        feed.wanted.notify_one();
        Some(Watching { feeds: self.clone(), feed, session, since })
    }

    fn open(&self) -> MutexGuard<'_, Open> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Watching {
    /// How things stand, from now on.
    pub(super) fn told(&self) -> watch::Receiver<Told> {
        self.feed.told.subscribe()
    }
}

impl Drop for Watching {
    fn drop(&mut self) {
        let mut open = self.feeds.open();
        open.sockets -= 1;
        lessen(&mut open.sessions, self.session);
        let mut watchers = self.feed.watchers();
        lessen(&mut watchers, self.session);
        if watchers.is_empty() {
            // Its task ends when it finds that nobody has it any more.
            open.feeds.remove(&self.feed.organization);
        }
    }
}

fn lessen(sockets: &mut HashMap<SessionId, usize>, session: SessionId) {
    if let Some(count) = sockets.get_mut(&session) {
        *count -= 1;
        if *count == 0 {
            sockets.remove(&session);
        }
    }
}

impl Feed {
    fn start(services: &Services, meter: &Meter, organization: OrganizationId) -> Arc<Self> {
        let nothing = Told { asked: Instant::now(), standing: Arc::default() };
        let feed = Arc::new(Self {
            organization,
            watchers: Mutex::default(),
            told: watch::Sender::new(nothing),
            wanted: Notify::new(),
        });
        tokio::spawn(ask(Arc::downgrade(&feed), services.clone(), meter.subscribe(), organization));
        feed
    }

    fn watchers(&self) -> MutexGuard<'_, HashMap<SessionId, usize>> {
        self.watchers.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Asks again and again, as long as somebody watches.
async fn ask(
    feed: Weak<Feed>,
    services: Services,
    mut stored: broadcast::Receiver<OrganizationId>,
    organization: OrganizationId,
) {
    let mut poll = interval(POLL);
    poll.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut asked = Instant::now() - PAUSE;
    let mut failing = false;
    while let Some(watched) = feed.upgrade() {
        tokio::select! {
            () = watched.wanted.notified() => {}
            _ = poll.tick() => {}
            news = stored.recv() => match news {
                Ok(stored) if stored != organization => continue,
                Ok(_) | Err(RecvError::Lagged(_)) => sleep_until(asked + PAUSE).await,
                Err(RecvError::Closed) => return,
            },
        }
        asked = Instant::now();
        let sessions: Vec<SessionId> = watched.watchers().keys().copied().collect();
        match standing(&services, organization, &sessions).await {
            Ok(standing) => {
                failing = false;
                watched.told.send_replace(Told { asked, standing: Arc::new(standing) });
            }
            // Pages are told nothing meanwhile, and stay.
            Err(error) if !failing => {
                failing = true;
                tracing::warn!(%error, "open pages can't be told what is new");
            }
            Err(_) => {}
        }
    }
}
