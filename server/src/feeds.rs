//! Polls the database for each organization with open pages, once for all of its pages.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError, Weak},
    time::Duration,
};

use domain::ids::{OrganizationId, SessionId};
use services::{
    Services,
    live::{LiveState, live_state},
    metering::Meter,
};
use tokio::{
    sync::{Notify, broadcast, broadcast::error::RecvError, watch},
    time::{Instant, MissedTickBehavior, interval, sleep_until},
};

/// Interval of polling for calls stored by other servers, and for ended sessions.
const POLL_INTERVAL: Duration = Duration::from_secs(1);
/// Minimum time between two polls because of calls.
const MIN_POLL_INTERVAL: Duration = Duration::from_millis(400);
/// Maximum sockets of one session: the pages that a user has open.
const MAX_SOCKETS_PER_SESSION: usize = 10;
/// Maximum sockets in total.
const MAX_SOCKETS: usize = 1_000;

/// All feeds with open sockets. Cheap to clone.
#[derive(Clone, Default)]
pub(crate) struct Feeds(Arc<Mutex<OpenFeeds>>);

#[derive(Default)]
struct OpenFeeds {
    feeds: HashMap<OrganizationId, Arc<Feed>>,
    sessions: HashMap<SessionId, usize>,
    sockets: usize,
}

/// The live feed of one organization.
struct Feed {
    organization: OrganizationId,
    /// Sockets of each session.
    watchers: Mutex<HashMap<SessionId, usize>>,
    snapshots: watch::Sender<LiveSnapshot>,
    /// Notified when a new socket needs a snapshot.
    poll_soon: Notify,
}

/// The state of an organization at one moment.
#[derive(Clone)]
pub(crate) struct LiveSnapshot {
    /// When the query began.
    pub(crate) queried_at: Instant,
    pub(crate) state: Arc<LiveState>,
}

/// A socket's subscription, which ends on drop.
pub(crate) struct FeedSubscription {
    feeds: Feeds,
    feed: Arc<Feed>,
    pub(crate) session: SessionId,
    /// Snapshots that were queried before don't count for this socket.
    pub(crate) since: Instant,
}

impl Feeds {
    /// Subscribes a socket; `None` if the session has too many, or all together do.
    pub(crate) fn subscribe(
        &self,
        services: &Services,
        meter: &Meter,
        organization: OrganizationId,
        session: SessionId,
    ) -> Option<FeedSubscription> {
        let mut open = self.lock();
        if open.sockets >= MAX_SOCKETS
            || open.sessions.get(&session).is_some_and(|sockets| *sockets >= MAX_SOCKETS_PER_SESSION)
        {
            return None;
        }
        open.sockets += 1;
        *open.sessions.entry(session).or_default() += 1;
        let feed =
            Arc::clone(open.feeds.entry(organization).or_insert_with(|| Feed::start(services, meter, organization)));
        *feed.watchers().entry(session).or_default() += 1;
        drop(open);
        let since = Instant::now();
        feed.poll_soon.notify_one();
        Some(FeedSubscription { feeds: self.clone(), feed, session, since })
    }

    fn lock(&self) -> MutexGuard<'_, OpenFeeds> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl FeedSubscription {
    /// A receiver of the organization's snapshots.
    pub(crate) fn snapshots(&self) -> watch::Receiver<LiveSnapshot> {
        self.feed.snapshots.subscribe()
    }
}

impl Drop for FeedSubscription {
    fn drop(&mut self) {
        let mut open = self.feeds.lock();
        open.sockets -= 1;
        decrement(&mut open.sessions, self.session);
        let mut watchers = self.feed.watchers();
        decrement(&mut watchers, self.session);
        if watchers.is_empty() {
            // Its task ends once nothing holds the feed.
            open.feeds.remove(&self.feed.organization);
        }
    }
}

fn decrement(sockets: &mut HashMap<SessionId, usize>, session: SessionId) {
    if let Some(count) = sockets.get_mut(&session) {
        *count -= 1;
        if *count == 0 {
            sockets.remove(&session);
        }
    }
}

impl Feed {
    fn start(services: &Services, meter: &Meter, organization: OrganizationId) -> Arc<Self> {
        let empty = LiveSnapshot { queried_at: Instant::now(), state: Arc::default() };
        let feed = Arc::new(Self {
            organization,
            watchers: Mutex::default(),
            snapshots: watch::Sender::new(empty),
            poll_soon: Notify::new(),
        });
        tokio::spawn(poll(Arc::downgrade(&feed), services.clone(), meter.subscribe(), organization));
        feed
    }

    fn watchers(&self) -> MutexGuard<'_, HashMap<SessionId, usize>> {
        self.watchers.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Polls as long as the feed has sockets.
async fn poll(
    feed: Weak<Feed>,
    services: Services,
    mut stored: broadcast::Receiver<OrganizationId>,
    organization: OrganizationId,
) {
    let mut ticks = interval(POLL_INTERVAL);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut queried_at = Instant::now() - MIN_POLL_INTERVAL;
    let mut failing = false;
    while let Some(feed_in_use) = feed.upgrade() {
        tokio::select! {
            () = feed_in_use.poll_soon.notified() => {}
            _ = ticks.tick() => {}
            news = stored.recv() => match news {
                Ok(stored) if stored != organization => continue,
                Ok(_) | Err(RecvError::Lagged(_)) => sleep_until(queried_at + MIN_POLL_INTERVAL).await,
                Err(RecvError::Closed) => return,
            },
        }
        queried_at = Instant::now();
        let sessions: Vec<SessionId> = feed_in_use.watchers().keys().copied().collect();
        match live_state(&services, organization, &sessions).await {
            Ok(state) => {
                failing = false;
                feed_in_use.snapshots.send_replace(LiveSnapshot { queried_at, state: Arc::new(state) });
            }
            // Pages get no news meanwhile, and stay open.
            Err(error) if !failing => {
                failing = true;
                tracing::warn!(%error, "open pages can't be told what is new");
            }
            Err(_) => {}
        }
    }
}
