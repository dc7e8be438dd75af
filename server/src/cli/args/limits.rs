//! Rate limits, as typed.

use clap::Args;
use domain::rate_limits::RateLimits;

#[derive(Args, Clone, Copy, Debug, Default)]
pub struct LimitEdits {
    /// Maximum requests per minute; 0 for no limit
    #[arg(long, value_name = "N")]
    pub calls_per_minute: Option<u32>,
    /// Maximum tokens per minute, input and output together; 0 for no limit
    #[arg(long, value_name = "N")]
    pub tokens_per_minute: Option<u32>,
}

impl LimitEdits {
    /// Whether there is anything to change.
    pub(in crate::cli) fn is_none(self) -> bool {
        self.calls_per_minute.is_none() && self.tokens_per_minute.is_none()
    }

    /// Applies the edits to `limits`.
    pub(in crate::cli) fn applied(self, limits: RateLimits) -> RateLimits {
        let edited = |typed: Option<u32>, limit| match typed {
            Some(0) => None,
            typed => typed.or(limit),
        };
        RateLimits {
            calls_per_minute: edited(self.calls_per_minute, limits.calls_per_minute),
            tokens_per_minute: edited(self.tokens_per_minute, limits.tokens_per_minute),
        }
    }
}
