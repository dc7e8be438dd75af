//! Tokens of each model and key.

use serde::{Deserialize, Serialize};

use crate::ids::ApiKeyId;

/// The tokens of the calls of one model with one key.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct ModelKeyTokens {
    /// Empty if it isn't known.
    pub model: String,
    /// `None` for calls without a key, and for the sum of keys that aren't listed.
    pub api_key: Option<ApiKeyId>,
    pub key_name: String,
    pub tokens_in: i64,
    pub tokens_out: i64,
}

impl ModelKeyTokens {
    /// Input and output tokens together.
    pub fn total(&self) -> i64 {
        self.tokens_in.saturating_add(self.tokens_out)
    }
}
