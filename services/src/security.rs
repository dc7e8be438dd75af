//! Security events: what somebody tried who may not, told in one form, within a rate.
//!
//! Each is counted. It is a line of the log, with `security` for its target, unless there are too many of its kind: then the
//! next line says how many were left out. None holds what was typed: addresses of mail are people's, and are as often passwords.

use std::{
    fmt,
    net::IpAddr,
    sync::{Arc, Mutex, PoisonError},
};

use domain::{
    ids::{ApiKeyId, UserId},
    time::Timestamp,
};
use quick_cache::sync::Cache;

use crate::address_limits::network;

/// Lines of a kind within a minute.
const LINES: u32 = 60;
/// Those of them that are of one address, so that one doesn't hide the others.
const LINES_OF_ADDRESS: u32 = 10;
const MINUTE_MILLIS: i64 = 60_000;
/// How many addresses are remembered, each with a kind: some hundred kilobytes.
const REMEMBERED: usize = 10_000;

/// What was tried.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub enum Kind {
    /// With a wrong password, or as somebody who doesn't exist.
    SignInFailed,
    /// Something that asks for the password again, with a wrong one.
    PasswordRefused,
    /// More often than anybody may who fails.
    Throttled,
    /// From another site, in a browser.
    OtherSite,
    /// Over plain http, across a network.
    PlainHttp,
    /// What somebody isn't allowed to.
    Forbidden,
    /// What doesn't exist, or isn't theirs.
    NotFound,
    /// Without a key, or with one that never was.
    UnknownKey,
    /// With a key that is revoked, expired, disabled, too small for it, or used from elsewhere.
    RefusedKey,
}

impl Kind {
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

/// Who tried it, as far as that is known.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Asker {
    User(UserId),
    ApiKey(ApiKeyId),
}

impl fmt::Display for Asker {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::User(id) => id.fmt(f),
            Self::ApiKey(id) => id.fmt(f),
        }
    }
}

/// Something that was tried.
#[derive(Clone, Copy, Debug)]
pub struct Event<'a> {
    pub kind: Kind,
    /// From where, as far as that is known.
    pub ip: Option<IpAddr>,
    pub asker: Option<Asker>,
    /// Which route, such as `/api/accounts/sign_in`: never what somebody made up.
    pub route: &'a str,
}

/// Where events are told. Cheap to clone.
#[derive(Clone, Debug)]
pub struct SecurityLog(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    kinds: [Mutex<OfKind>; Kind::ALL.len()],
    addresses: Cache<(Kind, Option<IpAddr>), Arc<Mutex<Window>>>,
}

#[derive(Debug, Default)]
struct OfKind {
    /// Since the start.
    count: u64,
    /// Since the last line.
    left_out: u64,
    window: Window,
}

#[derive(Debug, Default)]
struct Window {
    /// When it ends, in milliseconds.
    end: i64,
    lines: u32,
}

impl Window {
    /// Takes one of `most` lines within a minute, if there is one.
    fn take(&mut self, now: Timestamp, most: u32) -> bool {
        if now.millis() >= self.end {
            *self = Self { end: now.plus_millis(MINUTE_MILLIS).millis(), lines: 0 };
        }
        let free = self.lines < most;
        self.lines += u32::from(free);
        free
    }
}

impl Default for SecurityLog {
    fn default() -> Self {
        Self(Arc::new(Inner { kinds: std::array::from_fn(|_| Mutex::default()), addresses: Cache::new(REMEMBERED) }))
    }
}

impl SecurityLog {
    pub fn note(&self, now: Timestamp, event: Event<'_>) {
        let Some(left_out) = self.take(now, event.kind, event.ip) else { return };
        let Event { kind, ip, asker, route } = event;
        let (ip, asker) = (ip.map(tracing::field::display), asker.map(tracing::field::display));
        tracing::warn!(target: "security", kind = kind.name(), ip, asker, route, left_out, "security event");
    }

    /// Counts an event; how many were left out before it, where it is to be told.
    fn take(&self, now: Timestamp, kind: Kind, ip: Option<IpAddr>) -> Option<u64> {
        let address = self
            .0
            .addresses
            .get_or_insert_with(&(kind, ip.map(network)), || Ok::<_, std::convert::Infallible>(Arc::default()));
        let Ok(address) = address;
        let of_address = address.lock().unwrap_or_else(PoisonError::into_inner).take(now, LINES_OF_ADDRESS);
        let mut of_kind = self.of(kind).lock().unwrap_or_else(PoisonError::into_inner);
        of_kind.count += 1;
        if of_address && of_kind.window.take(now, LINES) {
            return Some(std::mem::take(&mut of_kind.left_out));
        }
        of_kind.left_out += 1;
        None
    }

    /// How many there were of a kind since the start.
    pub fn count(&self, kind: Kind) -> u64 {
        self.of(kind).lock().unwrap_or_else(PoisonError::into_inner).count
    }

    fn of(&self, kind: Kind) -> &Mutex<OfKind> {
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
        for (index, kind) in Kind::ALL.into_iter().enumerate() {
            assert_eq!(kind as usize, index);
            log.note(NOW, Event { kind, ip: None, asker: None, route: "/" });
            assert_eq!(log.count(kind), 1);
        }
    }

    #[test]
    fn one_address_fills_no_log_and_what_is_left_out_is_told() {
        let log = SecurityLog::default();
        let told = |now, ip| log.take(now, Kind::UnknownKey, ip);
        let lines = (0..1_000).filter(|_| told(NOW, ip(1)).is_some()).count();
        assert_eq!(lines, 10);
        assert_eq!(told(NOW, ip(2)), Some(990), "another address is still seen");
        assert_eq!(told(NOW.plus_minutes(1), ip(1)), Some(0));
        assert_eq!(log.count(Kind::UnknownKey), 1_002);
    }

    #[test]
    fn many_addresses_fill_no_log_either_and_hide_no_other_kind() {
        let log = SecurityLog::default();
        let lines = (0..=255).filter(|last| log.take(NOW, Kind::NotFound, ip(*last)).is_some()).count();
        assert_eq!(lines, 60);
        assert_eq!(log.take(NOW, Kind::Forbidden, ip(1)), Some(0));
    }
}
