//! The body that a provider is sent: bytes in memory, or a form that waits on disk.

mod sending;
mod spool;

use std::ops::Range;

use bytes::Bytes;

use crate::v1::own_keys;
pub(super) use sending::Sending;
pub(super) use spool::{Disk, Room, Spool, SpoolError, Spooling};

/// A body that can be sent, and sent again. Cheap to clone.
#[derive(Clone, Debug)]
pub(super) enum Payload {
    Whole(Bytes),
    /// What was spooled, with `new` in place of `place`.
    Spooled {
        spool: Spool,
        place: Range<u64>,
        new: Bytes,
    },
}

impl Payload {
    /// Its bytes, where they are in memory.
    pub(super) fn bytes(&self) -> Option<&Bytes> {
        match self {
            Self::Whole(bytes) => Some(bytes),
            Self::Spooled { .. } => None,
        }
    }

    /// The same without keys of ours; forms, which are mostly files, aren't looked through.
    pub(super) fn without_own_keys(self) -> Self {
        match self {
            Self::Whole(bytes) => Self::Whole(own_keys::masked(bytes)),
            spooled @ Self::Spooled { .. } => spooled,
        }
    }

    pub(super) fn send(&self) -> Sending {
        match self {
            Self::Whole(bytes) => Sending::whole(bytes.clone()),
            Self::Spooled { spool, place, new } => {
                Sending::spooled(spool, [0..place.start, place.end..spool.len()], new.clone())
            }
        }
    }
}
