//! The deletion of bodies before they expire.

use serde::{Deserialize, Serialize};

use crate::ids::CallId;

/// The result of one step of a deletion, which takes as many as it needs.
#[derive(Clone, Copy, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
pub struct BodyDeletion {
    /// Number of calls whose bodies were deleted.
    pub deleted: u64,
    /// The call before which the next step continues; `None` once all is done.
    pub rest: Option<CallId>,
}
