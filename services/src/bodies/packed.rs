//! Bodies as stored in the database: JSON, compressed by zstd, after a byte for the format.

use domain::bodies::StoredBody;
use serde::{Deserialize, Serialize};

use crate::{ServiceError, ServiceResult};

/// The format written today.
const FORMAT: u8 = 1;
/// zstd's default level: three to ten times smaller at hundreds of megabytes a second.
const LEVEL: i32 = 3;
/// Maximum size after unpacking, in bytes: twice the largest bodies as JSON, where each byte may take six.
const MAX_UNPACKED_BYTES: usize = 64 * 1024 * 1024;

#[derive(Deserialize, Serialize)]
pub(super) struct PackedBodies {
    pub(super) request: StoredBody,
    pub(super) response: StoredBody,
}

impl PackedBodies {
    pub(super) fn pack(&self) -> ServiceResult<Vec<u8>> {
        let json = serde_json::to_vec(self).map_err(|error| ServiceError::Internal(error.to_string()))?;
        let compressed =
            zstd::bulk::compress(&json, LEVEL).map_err(|error| ServiceError::Internal(error.to_string()))?;
        let mut packed = Vec::with_capacity(compressed.len() + 1);
        packed.push(FORMAT);
        packed.extend_from_slice(&compressed);
        Ok(packed)
    }

    pub(super) fn unpack(packed: &[u8]) -> ServiceResult<Self> {
        let broken = || ServiceError::Internal("a stored body can't be read".to_owned());
        let Some((&FORMAT, compressed)) = packed.split_first() else { return Err(broken()) };
        let json = zstd::bulk::decompress(compressed, MAX_UNPACKED_BYTES).map_err(|_| broken())?;
        serde_json::from_slice(&json).map_err(|_| broken())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_packed_is_unpacked_and_smaller() {
        let text = "the same again and again, ".repeat(10_000);
        let body = StoredBody { text: Some(text), bytes: 7, cut: true, ..StoredBody::default() };
        let bodies = PackedBodies { request: body.clone(), response: StoredBody::default() };
        let packed = bodies.pack().unwrap();
        assert!(packed.len() < 2_000, "{}", packed.len());
        assert_eq!(PackedBodies::unpack(&packed).unwrap().request, body);
        for wrong in [&[][..], &[2, 1, 2], &packed[..packed.len() - 1]] {
            assert!(PackedBodies::unpack(wrong).is_err());
        }
    }
}
