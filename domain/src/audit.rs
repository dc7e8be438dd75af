//! The audit log, as it is shown.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::time::Timestamp;

/// What somebody did.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct AuditEntry {
    /// Its place in the organization's chain, from 1.
    pub sequence: i64,
    pub at: Timestamp,
    /// Their name at that time.
    pub actor: String,
    /// Such as `api_key.created`.
    pub action: String,
    /// Where the request came from; empty on the command line.
    pub ip: String,
    /// What changed, of what is worth knowing: `null` where there was nothing.
    pub before: Value,
    pub after: Value,
}
