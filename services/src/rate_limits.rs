//! How many calls and tokens a minute keys, projects and organizations may take.
//!
//! Each server counts in memory, and asks nobody while a call waits. On PostgreSQL servers tell each other about twice a
//! second what they let through: until then each knows only of its own, which is by how much a limit may be passed.

mod limiter;
mod list;
mod set;
mod shared;
mod window;

use domain::rate_limits::RateLimits;
use uuid::Uuid;

pub use limiter::{Exceeded, Limited, Permit, RateLimiter, Standing};
pub use list::list;
pub use set::{get, set};

/// Who is limited.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Subject {
    ApiKey,
    Project,
    Organization,
}

impl Subject {
    pub const fn name(self) -> &'static str {
        match self {
            Self::ApiKey => "key",
            Self::Project => "project",
            Self::Organization => "organization",
        }
    }
}

/// The limits of a key, and of what it belongs to.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct KeyLimits {
    pub api_key: RateLimits,
    pub project: RateLimits,
    pub organization: RateLimits,
    /// What the organization can't go beyond, whatever is set.
    pub most: RateLimits,
}

impl KeyLimits {
    pub const fn is_none(&self) -> bool {
        self.api_key.is_none() && self.project.is_none() && self.organization.is_none() && self.most.is_none()
    }

    /// These, and where there is none, those of `defaults`; of an organization never more than it may at most.
    #[must_use]
    pub fn or(self, defaults: Self) -> Self {
        Self {
            api_key: self.api_key.or(defaults.api_key),
            project: self.project.or(defaults.project),
            organization: self.organization.or(defaults.organization).within(self.most),
            most: self.most,
        }
    }
}

/// What is limited, by whose id.
pub(crate) type Id = Uuid;

/// What an organization can't go beyond, as its row holds it.
pub(crate) fn most_of_row(calls_per_minute: Option<i64>) -> RateLimits {
    of_row(calls_per_minute, None)
}

/// Limits as a row holds them.
pub(crate) fn of_row(calls_per_minute: Option<i64>, tokens_per_minute: Option<i64>) -> RateLimits {
    let limit = |stored: Option<i64>| stored.and_then(|limit| u32::try_from(limit).ok());
    RateLimits { calls_per_minute: limit(calls_per_minute), tokens_per_minute: limit(tokens_per_minute) }
}
