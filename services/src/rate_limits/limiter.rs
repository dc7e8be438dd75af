//! Lets calls through as fast as they may come.

use std::{
    collections::HashMap,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicI64, Ordering},
    },
};

use domain::{rate_limits::RateLimits, time::Timestamp};
use tokio::{sync::Mutex as AsyncMutex, task::JoinHandle};

use super::{
    Id, Subject,
    shared::{self, Exchange},
    window::{Taken, Window},
};
use crate::Services;

/// With how many windows those that are over are dropped.
const MANY: usize = 10_000;

/// Somebody who is limited.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Limited {
    pub subject: Subject,
    pub id: Id,
    pub limits: RateLimits,
}

/// Too fast, by one limit.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Exceeded {
    pub subject: Subject,
    /// `calls` or `tokens`.
    pub what: &'static str,
    pub limit: u32,
    /// In how many seconds the same will be let through, if nothing else is.
    pub retry_after_seconds: u64,
}

/// How one of the limits stands, of those that apply the one that leaves least.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Standing {
    pub limit: u32,
    pub remaining: u32,
    /// In how many seconds all of it is there again.
    pub reset_seconds: u64,
}

/// Counts in memory. Cheap to clone.
#[derive(Clone)]
pub struct RateLimiter(Arc<Inner>);

struct Inner {
    windows: Arc<Windows>,
    /// Held while others are told and heard, so that what is on its way to them isn't taken for told.
    exchange: Arc<AsyncMutex<Exchange>>,
    exchanging: Option<JoinHandle<()>>,
}

impl Drop for Inner {
    fn drop(&mut self) {
        if let Some(exchanging) = &self.exchanging {
            exchanging.abort();
        }
    }
}

/// What everybody took lately.
#[derive(Debug, Default)]
pub(super) struct Windows {
    by_id: Mutex<HashMap<Id, Window>>,
    /// In which second those that are over were dropped last.
    cleaned: AtomicI64,
}

impl Windows {
    pub(super) fn lock(&self) -> MutexGuard<'_, HashMap<Id, Window>> {
        self.by_id.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Drops those that are over, where there are many; once a second at most.
    fn clean(&self, windows: &mut HashMap<Id, Window>, now: i64) {
        if windows.len() > MANY && self.cleaned.swap(now, Ordering::Relaxed) != now {
            drop_over(windows, now);
        }
    }

    /// Drops what is over, also of those that only other servers let calls through for.
    pub(super) fn drop_over(&self, now: Timestamp) {
        drop_over(&mut self.lock(), seconds(now));
    }
}

fn drop_over(windows: &mut HashMap<Id, Window>, now: i64) {
    windows.retain(|_, window| {
        window.taken(now);
        !window.is_empty()
    });
}

impl RateLimiter {
    /// On PostgreSQL it tells other servers what it lets through, and hears of what they do, until the last clone is
    /// dropped.
    pub fn start(services: &Services) -> Self {
        let windows: Arc<Windows> = Arc::default();
        let exchange = Arc::new(AsyncMutex::new(Exchange::new()));
        let exchanging = services
            .database()
            .is_postgres()
            .then(|| tokio::spawn(shared::run(Arc::clone(&exchange), services.clone(), Arc::clone(&windows))));
        Self(Arc::new(Inner { windows, exchange, exchanging }))
    }

    /// Lets a call through that takes about so many tokens, if none of these limits is passed by it; all of them count
    /// it, or none. A call by itself is never too large: what it takes counts against the next.
    pub fn admit(&self, now: Timestamp, limited: &[Limited], tokens: u64) -> Result<Permit, Exceeded> {
        let now = seconds(now);
        let mut windows = self.0.windows.lock();
        for who in limited {
            // What isn't there took nothing.
            if let Some(window) = windows.get_mut(&who.id) {
                check(who, window, now, tokens)?;
            }
        }
        self.0.windows.clean(&mut windows, now);
        let mut take = |who: &Limited| {
            let second = windows.entry(who.id).or_default().take(now, Taken { calls: 1, tokens });
            Share { who: *who, call_at: second, tokens_at: second }
        };
        let shares = limited.iter().map(&mut take).collect();
        drop(windows);
        Ok(Permit { windows: Arc::clone(&self.0.windows), shares, tokens })
    }

    /// How calls and tokens stand; nothing where they aren't limited.
    pub fn standing(&self, now: Timestamp, limited: &[Limited]) -> (Option<Standing>, Option<Standing>) {
        let now = seconds(now);
        let mut windows = self.0.windows.lock();
        let mut least = [None, None];
        for who in limited {
            let (taken, reset) = match windows.get_mut(&who.id) {
                Some(window) => (window.taken(now), window.wait_for_all(now).unsigned_abs()),
                None => (Taken::default(), 0),
            };
            let limits = [(who.limits.calls_per_minute, taken.calls), (who.limits.tokens_per_minute, taken.tokens)];
            for (least, (limit, taken)) in least.iter_mut().zip(limits) {
                let Some(limit) = limit else { continue };
                let remaining = limit.saturating_sub(u32::try_from(taken).unwrap_or(u32::MAX));
                if least.is_none_or(|least: Standing| remaining < least.remaining) {
                    *least = Some(Standing { limit, remaining, reset_seconds: if taken == 0 { 0 } else { reset } });
                }
            }
        }
        let [calls, tokens] = least;
        (calls, tokens)
    }

    /// Tells other servers now what was let through, and hears of what they did; by itself that happens twice a second.
    ///
    /// # Errors
    /// The database can't be asked.
    pub async fn exchange(&self, services: &Services) -> crate::ServiceResult<()> {
        self.0.exchange.lock().await.once(services, &self.0.windows).await
    }
}

fn check(who: &Limited, window: &mut Window, now: i64, tokens: u64) -> Result<(), Exceeded> {
    let taken = window.taken(now);
    if let Some(limit) = who.limits.calls_per_minute.filter(|limit| taken.calls >= u64::from(*limit)) {
        let needed = Taken { calls: taken.calls + 1 - u64::from(limit), tokens: 0 };
        let retry_after_seconds = window.wait_for(now, needed).unsigned_abs();
        return Err(Exceeded { subject: who.subject, what: "calls", limit, retry_after_seconds });
    }
    check_tokens(who, window, now, tokens)
}

fn check_tokens(who: &Limited, window: &mut Window, now: i64, tokens: u64) -> Result<(), Exceeded> {
    let Some(limit) = who.limits.tokens_per_minute else { return Ok(()) };
    let (most, taken) = (u64::from(limit), window.taken(now).tokens);
    let wanted = tokens.min(most).max(1);
    if taken == 0 || taken + wanted <= most {
        return Ok(());
    }
    let needed = Taken { calls: 0, tokens: (taken + wanted - most).min(taken) };
    let retry_after_seconds = window.wait_for(now, needed).unsigned_abs();
    Err(Exceeded { subject: who.subject, what: "tokens", limit, retry_after_seconds })
}

fn seconds(now: Timestamp) -> i64 {
    now.millis().div_euclid(1000)
}

/// A call that was let through. What it took is an estimate until it is settled, and stays so where it never is.
#[derive(Debug)]
#[must_use = "settle it when the call is over"]
pub struct Permit {
    windows: Arc<Windows>,
    shares: Vec<Share>,
    tokens: u64,
}

/// What a call took of somebody's limits, and in which seconds.
#[derive(Clone, Copy, Debug)]
struct Share {
    who: Limited,
    call_at: i64,
    tokens_at: i64,
}

impl Permit {
    /// Adds about how many tokens the call takes, once that is known, if no limit is passed by it: by all of them, or none.
    ///
    /// # Errors
    /// A limit is passed. The call goes on counting until the permit is [cancelled](Self::cancel).
    pub fn weigh(&mut self, now: Timestamp, tokens: u64) -> Result<(), Exceeded> {
        let now = seconds(now);
        let mut windows = self.windows.lock();
        for share in &self.shares {
            if let Some(window) = windows.get_mut(&share.who.id) {
                check_tokens(&share.who, window, now, tokens)?;
            }
        }
        for share in &mut self.shares {
            share.tokens_at = windows.entry(share.who.id).or_default().take(now, Taken { calls: 0, tokens });
        }
        self.tokens = self.tokens.saturating_add(tokens);
        Ok(())
    }

    /// Puts right, once, how many tokens it took, at `now`. What it took beyond the estimate counts from now on.
    pub fn settle(&self, now: Timestamp, tokens: u64) {
        let mut windows = self.windows.lock();
        for share in &self.shares {
            if let Some(more) = tokens.checked_sub(self.tokens).filter(|more| *more > 0) {
                windows.entry(share.who.id).or_default().take(seconds(now), Taken { calls: 0, tokens: more });
            } else if let Some(window) = windows.get_mut(&share.who.id) {
                window.give_back(share.tokens_at, Taken { calls: 0, tokens: self.tokens - tokens });
            }
        }
    }

    /// Takes back a call that came to nothing.
    pub fn cancel(self) {
        let mut windows = self.windows.lock();
        for share in self.shares {
            if let Some(window) = windows.get_mut(&share.who.id) {
                window.give_back(share.call_at, Taken { calls: 1, tokens: 0 });
                window.give_back(share.tokens_at, Taken { calls: 0, tokens: self.tokens });
            }
        }
    }
}
