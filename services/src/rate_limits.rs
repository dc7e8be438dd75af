//! Limits on the calls and tokens a minute of keys, projects and organizations.
//!
//! Each server counts in memory, so that no call waits for a query. On PostgreSQL servers publish their
//! counts to each other about twice a second; a limit may be exceeded by the calls that other servers haven't
//! published yet.

mod limiter;
mod settings;
mod shared;
mod window;
mod windows;

use domain::rate_limits::RateLimits;
use uuid::Uuid;

pub use limiter::{LimitExceeded, LimitStatus, LimitedCall, Permit, RateLimiter};
pub use settings::{get, list, set};

/// The kind of a limited thing.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum LimitSubject {
    ApiKey,
    Project,
    Organization,
}

/// The limits of a key, its project and its organization.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct KeyLimits {
    pub api_key: RateLimits,
    pub project: RateLimits,
    pub organization: RateLimits,
    /// Ceiling of the organization's limits, whatever is set.
    pub ceiling: RateLimits,
}

impl KeyLimits {
    /// Whether nothing is limited.
    pub const fn is_none(&self) -> bool {
        self.api_key.is_none() && self.project.is_none() && self.organization.is_none() && self.ceiling.is_none()
    }

    /// Fills in missing limits from `defaults`, and caps the organization's at the ceiling.
    #[must_use]
    pub fn or(self, defaults: Self) -> Self {
        Self {
            api_key: self.api_key.or(defaults.api_key),
            project: self.project.or(defaults.project),
            organization: self.organization.or(defaults.organization).capped(self.ceiling),
            ceiling: self.ceiling,
        }
    }
}

/// The id of a limited key, project or organization.
pub(crate) type LimitedId = Uuid;

/// Converts the ceiling stored in an organization's row.
pub(crate) fn ceiling_of_row(calls_per_minute: Option<i64>) -> RateLimits {
    of_row(calls_per_minute, None)
}

/// Converts limits stored in a row.
pub(crate) fn of_row(calls_per_minute: Option<i64>, tokens_per_minute: Option<i64>) -> RateLimits {
    let limit = |stored: Option<i64>| stored.and_then(|limit| u32::try_from(limit).ok());
    RateLimits { calls_per_minute: limit(calls_per_minute), tokens_per_minute: limit(tokens_per_minute) }
}
