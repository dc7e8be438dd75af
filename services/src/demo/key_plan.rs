//! A key as the company plans it.

use domain::api_keys::{Level, Scope};

/// A key as the company wants it.
pub(super) struct Plan {
    pub(super) name: &'static str,
    pub(super) description: &'static str,
    pub(super) level: Level,
    /// The index of its project, which an admin key has none of.
    pub(super) project: usize,
    /// The index of who makes it.
    pub(super) creator: usize,
    /// As in the key's settings: empty for all.
    pub(super) scopes: &'static [Scope],
    /// Indices of models; empty for all.
    pub(super) allowed: &'static [usize],
    pub(super) networks: &'static [&'static str],
    pub(super) rotate_every_days: Option<u32>,
    /// The share of the company's time, in percent, after which it is made.
    pub(super) since: u32,
    /// When it expires, in days from today.
    pub(super) expires_in_days: Option<i64>,
    pub(super) fate: Fate,
    /// Its share of all calls.
    pub(super) weight: u32,
    /// Indices of models, and how often each is called.
    pub(super) models: &'static [(usize, u32)],
    /// Whether it is called by people, who sleep and have weekends, or by jobs, which don't.
    pub(super) by_people: bool,
    /// Addresses and agents of those who use it, the latest first. A key without calls was used by the first of them
    /// minutes ago.
    pub(super) clients: &'static [(&'static str, &'static str)],
}

/// What becomes of a key. Shares are of the company's time, in percent.
#[derive(Clone, Copy)]
pub(super) enum Fate {
    Stays,
    /// It got a new secret so many hours ago; the old one works for a day.
    Rotated(i64),
    /// It was narrowed to the models above.
    Narrowed(u32),
    /// Nobody has called it since.
    Forgotten(u32),
    Revoked(u32),
    Leaked(u32),
    Expired(u32),
}

impl Plan {
    /// The share of the company's time after which it is called no more.
    pub(super) fn until(&self) -> Option<u32> {
        match self.fate {
            Fate::Stays | Fate::Rotated(_) | Fate::Narrowed(_) => None,
            Fate::Forgotten(at) | Fate::Revoked(at) | Fate::Leaked(at) | Fate::Expired(at) => Some(at),
        }
    }
}

/// What a plan is where it says nothing else.
pub(super) const PLAIN: Plan = Plan {
    name: "",
    description: "",
    level: Level::Standard,
    project: 0,
    creator: 1,
    scopes: &[],
    allowed: &[],
    networks: &[],
    rotate_every_days: None,
    since: 0,
    expires_in_days: None,
    fate: Fate::Stays,
    weight: 0,
    models: &[],
    by_people: false,
    clients: &[],
};
