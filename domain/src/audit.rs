//! Entries of the audit log, as they are shown.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::time::Timestamp;

/// An entry of the audit log.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct AuditEntry {
    /// Position in the organization's chain, from 1.
    pub sequence: i64,
    pub at: Timestamp,
    /// Name of the actor at that time.
    pub actor: String,
    /// Action, such as `api_key.created`.
    pub action: String,
    /// IP address of the request; empty on the command line.
    pub ip: String,
    /// Relevant fields before the change; `null` where there was nothing.
    pub before: Value,
    /// Relevant fields after the change; `null` where there is nothing.
    pub after: Value,
}
