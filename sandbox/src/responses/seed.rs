//! The seed of a response, which its id contains.

use crate::{error::SandboxError, seeds::now_ms};

/// The values in a response's id, which determine its words.
pub(super) struct ResponseSeed {
    pub(super) seed: u64,
    pub(super) input_tokens: i64,
    pub(super) max_tokens: i64,
    /// End of a background response, in milliseconds of Unix time; 0 for other responses.
    pub(super) done_ms: u64,
}

impl ResponseSeed {
    /// Builds the id; `tag` distinguishes responses with equal values.
    pub(super) fn id(&self, tag: u64) -> String {
        format!("resp_sandbox_{:x}_{:x}_{:x}_{:x}_{tag:x}", self.seed, self.input_tokens, self.max_tokens, self.done_ms)
    }

    pub(super) fn of(id: &str) -> Result<Self, SandboxError> {
        let mut parts = id.strip_prefix("resp_sandbox_").unwrap_or_default().split('_');
        let mut part = || u64::from_str_radix(parts.next()?, 16).ok();
        let found = (|| {
            let (seed, input_tokens, max_tokens, done_ms) = (part()?, part()?, part()?, part()?);
            Some(Self {
                seed,
                input_tokens: i64::try_from(input_tokens).ok()?,
                max_tokens: i64::try_from(max_tokens).ok()?,
                done_ms,
            })
        })();
        found.ok_or_else(SandboxError::not_found)
    }

    pub(super) fn is_done(&self) -> bool {
        now_ms() >= self.done_ms
    }
}
