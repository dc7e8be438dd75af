//! The plan for a demo key.

use domain::api_keys::{Level, Scope};

/// The plan for one of the company's keys.
pub(super) struct KeyPlan {
    pub(super) name: &'static str,
    pub(super) description: &'static str,
    pub(super) level: Level,
    /// The index of its project; unused for an admin key.
    pub(super) project: usize,
    /// The index of the person who creates it.
    pub(super) creator: usize,
    /// As in the key's settings: empty for all.
    pub(super) scopes: &'static [Scope],
    /// Indices of models; empty for all.
    pub(super) allowed: &'static [usize],
    pub(super) networks: &'static [&'static str],
    pub(super) rotate_every_days: Option<u32>,
    /// The share of the company's time, in percent, after which it is created.
    pub(super) since: u32,
    /// When it expires, in days from today.
    pub(super) expires_in_days: Option<i64>,
    pub(super) fate: KeyFate,
    /// Its share of all calls.
    pub(super) weight: u32,
    /// Indices of models, and how often each is called.
    pub(super) models: &'static [(usize, u32)],
    /// Whether people call it, who sleep and have weekends, rather than jobs.
    pub(super) by_people: bool,
    /// Whether its calls are made for customers, whose names they have as tags.
    pub(super) has_customers: bool,
    /// Addresses and agents of its clients, the latest first. A key
    /// without calls was used by the first of them minutes ago.
    pub(super) clients: &'static [(&'static str, &'static str)],
}

/// The later history of a key. Shares are of the company's time, in percent.
#[derive(Clone, Copy)]
pub(super) enum KeyFate {
    Stays,
    /// Rotated this many hours ago; the old secret works for a day.
    Rotated(i64),
    /// Restricted to the models in `allowed`.
    Narrowed(u32),
    /// Not called since.
    Forgotten(u32),
    Revoked(u32),
    Leaked(u32),
    Expired(u32),
}

impl KeyPlan {
    /// The share of the company's time, in percent, after which it isn't called any longer.
    pub(super) fn ends_at(&self) -> Option<u32> {
        match self.fate {
            KeyFate::Stays | KeyFate::Rotated(_) | KeyFate::Narrowed(_) => None,
            KeyFate::Forgotten(at) | KeyFate::Revoked(at) | KeyFate::Leaked(at) | KeyFate::Expired(at) => Some(at),
        }
    }
}

/// Default values of a plan.
pub(super) const DEFAULT_PLAN: KeyPlan = KeyPlan {
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
    fate: KeyFate::Stays,
    weight: 0,
    models: &[],
    by_people: false,
    has_customers: false,
    clients: &[],
};
