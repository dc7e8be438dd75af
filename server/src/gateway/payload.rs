//! Request bodies for providers: bytes in memory, or a spooled form.

mod sending;
mod spool;

use std::ops::Range;

use bytes::Bytes;

use crate::v1::own_keys;
pub(super) use sending::PayloadBody;
pub(super) use spool::{Disk, Spool, SpoolError, SpoolQuota, SpoolWriter};

/// A body that can be sent repeatedly. Cheap to clone.
#[derive(Clone, Debug)]
pub(super) enum Payload {
    Bytes(Bytes),
    /// A spool, with the bytes in `range` replaced.
    Spooled {
        spool: Spool,
        range: Range<u64>,
        replacement: Bytes,
    },
}

impl Payload {
    /// The bytes, if they are in memory.
    pub(super) fn bytes(&self) -> Option<&Bytes> {
        match self {
            Self::Bytes(bytes) => Some(bytes),
            Self::Spooled { .. } => None,
        }
    }

    /// Masks Tollhouse's own keys. Forms, which are mostly files, aren't searched.
    pub(super) fn without_own_keys(self) -> Self {
        match self {
            Self::Bytes(bytes) => Self::Bytes(own_keys::mask(bytes)),
            spooled @ Self::Spooled { .. } => spooled,
        }
    }

    pub(super) fn send(&self) -> PayloadBody {
        match self {
            Self::Bytes(bytes) => PayloadBody::from_bytes(bytes.clone()),
            Self::Spooled { spool, range, replacement } => {
                PayloadBody::from_spool(spool, [0..range.start, range.end..spool.len()], replacement.clone())
            }
        }
    }
}
