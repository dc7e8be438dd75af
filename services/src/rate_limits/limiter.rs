//! The rate limiter, which counts calls and tokens in memory.

use std::sync::Arc;

use domain::{rate_limits::RateLimits, time::Timestamp};
use tokio::{sync::Mutex, task::JoinHandle};

use super::{
    LimitSubject, LimitedId,
    shared::{self, WindowExchange},
    window::{Window, WindowCount},
    windows::{Windows, seconds},
};
use crate::Services;

/// A key, project or organization that a call counts against, with its limits.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct LimitedCall {
    pub subject: LimitSubject,
    pub id: LimitedId,
    pub limits: RateLimits,
}

/// The error for a call that exceeds a limit.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct LimitExceeded {
    pub subject: LimitSubject,
    /// `calls` or `tokens`.
    pub unit: &'static str,
    pub limit: u32,
    /// Seconds until the call would be admitted, if no other is.
    pub retry_after_seconds: u64,
}

/// The status of the limit that leaves least, of those that apply.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct LimitStatus {
    pub limit: u32,
    pub remaining: u32,
    /// Seconds until the whole limit is available again.
    pub reset_seconds: u64,
}

/// A rate limiter. Cheap to clone.
#[derive(Clone)]
pub struct RateLimiter(Arc<Inner>);

struct Inner {
    windows: Arc<Windows>,
    /// Locked during an exchange, so that counts still on
    /// their way to other servers aren't taken for published.
    exchange: Arc<Mutex<WindowExchange>>,
    task: Option<JoinHandle<()>>,
}

impl Drop for Inner {
    fn drop(&mut self) {
        if let Some(task) = &self.task {
            task.abort();
        }
    }
}

impl RateLimiter {
    /// Starts a limiter. On PostgreSQL it exchanges counts
    /// with other servers until the last clone is dropped.
    pub fn start(services: &Services) -> Self {
        let windows: Arc<Windows> = Arc::default();
        let exchange = Arc::new(Mutex::new(WindowExchange::new()));
        let task = services
            .database()
            .is_postgres()
            .then(|| tokio::spawn(shared::run(Arc::clone(&exchange), services.clone(), Arc::clone(&windows))));
        Self(Arc::new(Inner { windows, exchange, task }))
    }

    /// Admits a call of about `tokens` if it exceeds none of the limits. All of them count it, or none. A
    /// single call is never too large: its tokens count against the next one.
    pub fn admit(&self, now: Timestamp, limits: &[LimitedCall], tokens: u64) -> Result<Permit, LimitExceeded> {
        let now = seconds(now);
        let mut windows = self.0.windows.lock();
        for limited in limits {
            // Without a window, nothing was counted.
            if let Some(window) = windows.get_mut(&limited.id) {
                check(limited, window, now, tokens)?;
            }
        }
        self.0.windows.clean(&mut windows, now);
        let mut count = |limited: &LimitedCall| {
            let second = windows.entry(limited.id).or_default().add(now, WindowCount { calls: 1, tokens });
            Share { limited: *limited, call_at: second, tokens_at: second }
        };
        let shares = limits.iter().map(&mut count).collect();
        drop(windows);
        Ok(Permit { windows: Arc::clone(&self.0.windows), shares, tokens })
    }

    /// The status of the limits on calls and on tokens; `None` if they aren't limited.
    pub fn status(&self, now: Timestamp, limits: &[LimitedCall]) -> (Option<LimitStatus>, Option<LimitStatus>) {
        let now = seconds(now);
        let mut windows = self.0.windows.lock();
        let mut tightest = [None, None];
        for limited in limits {
            let (count, reset) = match windows.get_mut(&limited.id) {
                Some(window) => (window.count(now), window.wait_for_all(now).unsigned_abs()),
                None => (WindowCount::default(), 0),
            };
            let RateLimits { calls_per_minute, tokens_per_minute } = limited.limits;
            let counts = [(calls_per_minute, count.calls), (tokens_per_minute, count.tokens)];
            for (tightest, (limit, used)) in tightest.iter_mut().zip(counts) {
                let Some(limit) = limit else { continue };
                let remaining = limit.saturating_sub(u32::try_from(used).unwrap_or(u32::MAX));
                if tightest.is_none_or(|tightest: LimitStatus| remaining < tightest.remaining) {
                    let reset_seconds = if used == 0 { 0 } else { reset };
                    *tightest = Some(LimitStatus { limit, remaining, reset_seconds });
                }
            }
        }
        let [calls, tokens] = tightest;
        (calls, tokens)
    }

    /// Exchanges counts with other servers now; a task does so twice a second.
    ///
    /// # Errors
    /// The database can't be reached.
    pub async fn exchange(&self, services: &Services) -> crate::ServiceResult<()> {
        self.0.exchange.lock().await.run_once(services, &self.0.windows).await
    }
}

fn check(limited: &LimitedCall, window: &mut Window, now: i64, tokens: u64) -> Result<(), LimitExceeded> {
    let count = window.count(now);
    if let Some(limit) = limited.limits.calls_per_minute.filter(|limit| count.calls >= u64::from(*limit)) {
        let needed = WindowCount { calls: count.calls + 1 - u64::from(limit), tokens: 0 };
        let retry_after_seconds = window.wait_for(now, needed).unsigned_abs();
        return Err(LimitExceeded { subject: limited.subject, unit: "calls", limit, retry_after_seconds });
    }
    check_tokens(limited, window, now, tokens)
}

fn check_tokens(limited: &LimitedCall, window: &mut Window, now: i64, tokens: u64) -> Result<(), LimitExceeded> {
    let Some(limit) = limited.limits.tokens_per_minute else { return Ok(()) };
    let (max, used) = (u64::from(limit), window.count(now).tokens);
    let requested = tokens.min(max).max(1);
    if used == 0 || used + requested <= max {
        return Ok(());
    }
    let needed = WindowCount { calls: 0, tokens: (used + requested - max).min(used) };
    let retry_after_seconds = window.wait_for(now, needed).unsigned_abs();
    Err(LimitExceeded { subject: limited.subject, unit: "tokens", limit, retry_after_seconds })
}

/// An admitted call. Its tokens stay an estimate unless it is settled.
#[derive(Debug)]
#[must_use = "settle it when the call is over"]
pub struct Permit {
    windows: Arc<Windows>,
    shares: Vec<Share>,
    tokens: u64,
}

/// A call's counts in one window, with the seconds they are counted in.
#[derive(Clone, Copy, Debug)]
struct Share {
    limited: LimitedCall,
    call_at: i64,
    tokens_at: i64,
}

impl Permit {
    /// Adds the call's estimated tokens, once known, if they exceed
    /// none of the limits. All of them count the tokens, or none.
    ///
    /// # Errors
    /// A limit is exceeded. The call still counts until the permit is [cancelled](Self::cancel).
    pub fn weigh(&mut self, now: Timestamp, tokens: u64) -> Result<(), LimitExceeded> {
        let now = seconds(now);
        let mut windows = self.windows.lock();
        for share in &self.shares {
            if let Some(window) = windows.get_mut(&share.limited.id) {
                check_tokens(&share.limited, window, now, tokens)?;
            }
        }
        for share in &mut self.shares {
            share.tokens_at = windows.entry(share.limited.id).or_default().add(now, WindowCount { calls: 0, tokens });
        }
        self.tokens = self.tokens.saturating_add(tokens);
        Ok(())
    }

    /// Corrects the estimate to the tokens used. Tokens beyond the estimate count from `now`.
    pub fn settle(self, now: Timestamp, tokens: u64) {
        let mut windows = self.windows.lock();
        for share in &self.shares {
            if let Some(more) = tokens.checked_sub(self.tokens).filter(|more| *more > 0) {
                windows.entry(share.limited.id).or_default().add(seconds(now), WindowCount { calls: 0, tokens: more });
            } else if let Some(window) = windows.get_mut(&share.limited.id) {
                window.subtract(share.tokens_at, WindowCount { calls: 0, tokens: self.tokens - tokens });
            }
        }
    }

    /// Removes the counts of a call that came to nothing.
    pub fn cancel(self) {
        let mut windows = self.windows.lock();
        for share in self.shares {
            if let Some(window) = windows.get_mut(&share.limited.id) {
                window.subtract(share.call_at, WindowCount { calls: 1, tokens: 0 });
                window.subtract(share.tokens_at, WindowCount { calls: 0, tokens: self.tokens });
            }
        }
    }
}
