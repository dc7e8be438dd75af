//! Security events: rejected attempts, logged in one format at a limited rate.
//!
//! Each event is counted and logged as a line with the target `security`, unless there are too many of its
//! kind: then the next line has the number of suppressed ones. Lines never contain typed input, since mail
//! addresses are personal data, and passwords get typed in their place.

use std::{
    fmt,
    net::IpAddr,
    sync::{Arc, Mutex, PoisonError},
};

use domain::{
    ids::{ApiKeyId, UserId},
    time::{MINUTE_MILLIS, Timestamp},
};
use quick_cache::sync::Cache;

use crate::address_limits::network;

/// Maximum number of lines of a kind within a minute.
const MAX_LINES_PER_MINUTE: u32 = 60;
/// Maximum number of lines of a kind and address within a minute, so that one address doesn't hide the
/// others.
const MAX_LINES_PER_ADDRESS: u32 = 10;
/// Maximum number of cached pairs of kind and address, which take some hundred kilobytes.
const CACHE_SIZE: usize = 10_000;

/// The kind of a security event.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub enum SecurityEventKind {
    /// A sign-in with a wrong password or as an unknown user.
    SignInFailed,
    /// An action that requires the password again, with a wrong one.
    PasswordRefused,
    /// Too many failed attempts.
    Throttled,
    /// A browser's request from another site.
    OtherSite,
    /// A request over plain HTTP across a network.
    PlainHttp,
    /// A permission is missing.
    Forbidden,
    /// The thing doesn't exist, or belongs to another organization.
    NotFound,
    /// A request without a key, or with one that doesn't exist.
    UnknownKey,
    /// A request with a key that is revoked, expired, disabled, lacks the scope, or is used from a network it
    /// doesn't allow.
    RefusedKey,
}

impl SecurityEventKind {
    /// All kinds, in the order of the metrics.
    pub const ALL: [Self; 9] = [
        Self::SignInFailed,
        Self::PasswordRefused,
        Self::Throttled,
        Self::OtherSite,
        Self::PlainHttp,
        Self::Forbidden,
        Self::NotFound,
        Self::UnknownKey,
        Self::RefusedKey,
    ];

    /// The kind's name in the log and the metrics.
    pub const fn name(self) -> &'static str {
        match self {
            Self::SignInFailed => "sign_in_failed",
            Self::PasswordRefused => "password_refused",
            Self::Throttled => "throttled",
            Self::OtherSite => "other_site",
            Self::PlainHttp => "plain_http",
            Self::Forbidden => "forbidden",
            Self::NotFound => "not_found",
            Self::UnknownKey => "unknown_key",
            Self::RefusedKey => "refused_key",
        }
    }
}

/// The caller of a security event.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum SecurityCaller {
    User(UserId),
    ApiKey(ApiKeyId),
}

impl fmt::Display for SecurityCaller {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::User(id) => id.fmt(f),
            Self::ApiKey(id) => id.fmt(f),
        }
    }
}

/// A security event.
#[derive(Clone, Copy, Debug)]
pub struct SecurityEvent<'a> {
    pub kind: SecurityEventKind,
    /// Client's address, if it is known.
    pub ip: Option<IpAddr>,
    /// User or key, if it is known.
    pub caller: Option<SecurityCaller>,
    /// Matched route, such as `/api/accounts/sign_in`, never a path from the client.
    pub route: &'a str,
}

/// The log of security events. Cheap to clone.
#[derive(Clone, Debug)]
pub struct SecurityLog(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    kinds: [Mutex<KindState>; SecurityEventKind::ALL.len()],
    addresses: Cache<(SecurityEventKind, Option<IpAddr>), Arc<Mutex<Window>>>,
}

#[derive(Debug, Default)]
struct KindState {
    /// Number of events since the start.
    count: u64,
    /// Number of events without a line since the last line.
    suppressed: u64,
    window: Window,
}

#[derive(Debug, Default)]
struct Window {
    /// End of the window, in milliseconds since the Unix epoch.
    end: i64,
    lines: u32,
}

impl Window {
    /// Takes one of `max` lines within a minute; returns whether one was left.
    fn take(&mut self, now: Timestamp, max: u32) -> bool {
        if now.millis() >= self.end {
            *self = Self { end: now.plus_millis(MINUTE_MILLIS).millis(), lines: 0 };
        }
        let is_free = self.lines < max;
        self.lines += u32::from(is_free);
        is_free
    }
}

impl Default for SecurityLog {
    fn default() -> Self {
        Self(Arc::new(Inner { kinds: std::array::from_fn(|_| Mutex::default()), addresses: Cache::new(CACHE_SIZE) }))
    }
}

impl SecurityLog {
    /// Counts an event and logs it, unless there are too many of its kind or address.
    pub fn record(&self, now: Timestamp, event: SecurityEvent<'_>) {
        let Some(left_out) = self.count_and_limit(now, event.kind, event.ip) else { return };
        let SecurityEvent { kind, ip, caller, route } = event;
        let (ip, asker) = (ip.map(tracing::field::display), caller.map(tracing::field::display));
        tracing::warn!(target: "security", kind = kind.name(), ip, asker, route, left_out, "security event");
    }

    /// Counts an event; if it is to be logged, returns the number of events suppressed before it.
    fn count_and_limit(&self, now: Timestamp, kind: SecurityEventKind, ip: Option<IpAddr>) -> Option<u64> {
        let address = self
            .0
            .addresses
            .get_or_insert_with(&(kind, ip.map(network)), || Ok::<_, std::convert::Infallible>(Arc::default()));
        let Ok(address) = address;
        let is_address_free = address.lock().unwrap_or_else(PoisonError::into_inner).take(now, MAX_LINES_PER_ADDRESS);
        let mut state = self.state(kind).lock().unwrap_or_else(PoisonError::into_inner);
        state.count += 1;
        if is_address_free && state.window.take(now, MAX_LINES_PER_MINUTE) {
            return Some(std::mem::take(&mut state.suppressed));
        }
        state.suppressed += 1;
        None
    }

    /// The number of events of a kind since the start.
    pub fn count(&self, kind: SecurityEventKind) -> u64 {
        self.state(kind).lock().unwrap_or_else(PoisonError::into_inner).count
    }

    fn state(&self, kind: SecurityEventKind) -> &Mutex<KindState> {
        &self.0.kinds[kind as usize]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Timestamp = Timestamp::from_millis(1_000_000);

    fn ip(last: u8) -> Option<IpAddr> {
        Some(IpAddr::from([192, 0, 2, last]))
    }

    #[test]
    fn every_kind_has_a_place_of_its_own() {
        let log = SecurityLog::default();
        for (index, kind) in SecurityEventKind::ALL.into_iter().enumerate() {
            assert_eq!(kind as usize, index);
            log.record(NOW, SecurityEvent { kind, ip: None, caller: None, route: "/" });
            assert_eq!(log.count(kind), 1);
        }
    }

    #[test]
    fn one_address_fills_no_log_and_what_is_left_out_is_told() {
        let log = SecurityLog::default();
        let record = |now, ip| log.count_and_limit(now, SecurityEventKind::UnknownKey, ip);
        let lines = (0..1_000).filter(|_| record(NOW, ip(1)).is_some()).count();
        assert_eq!(lines, 10);
        assert_eq!(record(NOW, ip(2)), Some(990), "another address is still seen");
        assert_eq!(record(NOW.plus_minutes(1), ip(1)), Some(0));
        assert_eq!(log.count(SecurityEventKind::UnknownKey), 1_002);
    }

    #[test]
    fn many_addresses_fill_no_log_either_and_hide_no_other_kind() {
        let log = SecurityLog::default();
        let lines =
            (0..=255).filter(|last| log.count_and_limit(NOW, SecurityEventKind::NotFound, ip(*last)).is_some()).count();
        assert_eq!(lines, 60);
        assert_eq!(log.count_and_limit(NOW, SecurityEventKind::Forbidden, ip(1)), Some(0));
    }
}
