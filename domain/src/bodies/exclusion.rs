//! Reasons to keep a call's bodies out of the log.

use serde::{Deserialize, Serialize};

/// The reason why no bodies of a call are stored, although its organization stores bodies.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum BodyExclusion {
    /// The request's header `x-tollhouse-log: metadata`.
    Header,
    /// The setting of its key.
    Key,
}
