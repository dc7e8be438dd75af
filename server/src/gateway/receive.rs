//! Receives bodies that are needed as a whole.
//!
//! Incomplete bodies take no memory: beyond a small beginning they are spooled to disk like uploads. A
//! complete body takes a share of the memory budget while it is processed.

use std::time::Duration;

use axum::body::Body;
use bytes::{Bytes, BytesMut};
use hyper::body::Body as _;
use tokio::{task::spawn_blocking, time::Instant};

use super::{
    Gateway,
    budget::{BudgetHolder, BudgetShare},
    collect::{CollectLimits, MAX_ANSWER_BYTES, NextPiece, next},
    payload::{SpoolError, SpoolWriter},
};
use crate::{
    config::GatewayConfig,
    v1::{error::V1Error, gzip::GunzipBody},
};

/// Maximum of an incomplete body in memory, in bytes. Most bodies are smaller.
const MAX_INCOMPLETE_BYTES: usize = 128 * 1024;
/// Largest body whose memory isn't counted, in bytes.
const UNCOUNTED_BYTES: usize = 64 * 1024;
/// Number of copies of a body in memory: as received and as sent.
const COPIES: u64 = 2;
/// How long to wait for memory that others use.
const MEMORY_TIMEOUT: Duration = Duration::from_secs(60);

/// A complete body.
pub(super) struct ReceivedBody {
    pub(super) bytes: Bytes,
    /// Its share of the memory budget, if it is counted. Must be kept as long as the bytes.
    pub(super) share: Option<BudgetShare>,
}

/// The error of receiving a body; `None` if the client left.
type ReceiveError = Option<V1Error>;

/// The most memory that one call can need, in bytes.
pub(super) fn max_call_memory(limits: &GatewayConfig) -> u64 {
    (limits.max_body_bytes as u64 * COPIES).max(MAX_ANSWER_BYTES as u64)
}

/// Receives all of `body`, and decompresses it if `is_gzip`. A body of one piece isn't copied.
pub(super) async fn receive(
    gateway: &Gateway,
    holder: BudgetHolder,
    mut body: Body,
    limits: CollectLimits,
    is_gzip: bool,
) -> Result<ReceivedBody, ReceiveError> {
    let too_large = || Some(V1Error::body_too_large(limits.bytes as u64));
    if body.size_hint().lower() > limits.bytes as u64 {
        return Err(too_large());
    }
    let (mut first, mut beginning) = (Bytes::new(), BytesMut::new());
    let mut spool: Option<SpoolWriter> = None;
    let mut length = 0;
    loop {
        let data = match next(&mut body, limits.idle, limits.deadline).await {
            NextPiece::Data(data) => data,
            NextPiece::End => break,
            NextPiece::TooSlow => return Err(Some(V1Error::body_too_slow())),
            NextPiece::Broken => return Err(None),
        };
        length += data.len();
        if length > limits.bytes {
            return Err(too_large());
        }
        if let Some(spool) = &mut spool {
            spool.push(&data).await.map_err(|error| Some(error.into()))?;
        } else if length == data.len() {
            first = data;
        } else if length <= MAX_INCOMPLETE_BYTES {
            beginning.extend_from_slice(&std::mem::take(&mut first));
            beginning.extend_from_slice(&data);
        } else {
            let mut new = SpoolWriter::new(&gateway.disk.quota(holder));
            for piece in [&std::mem::take(&mut first)[..], &std::mem::take(&mut beginning)[..], &data[..]] {
                new.push(piece).await.map_err(|error| Some(error.into()))?;
            }
            spool = Some(new);
        }
    }
    let mut share = None;
    if length > UNCOUNTED_BYTES {
        let mut new_share = gateway.memory.empty_share(holder);
        // A compressed body isn't sent, and is dropped after decompression.
        let copies = if is_gzip { 1 } else { COPIES };
        let grown = new_share.grow_in_time(length as u64 * copies, Instant::now() + MEMORY_TIMEOUT).await;
        grown.map_err(|full| Some(full.into()))?;
        share = Some(new_share);
    }
    let bytes = match spool {
        Some(spool) => {
            let spool = spool.finish().await.map_err(|error| Some(error.into()))?;
            spool.read_all().await.map_err(|error| Some(SpoolError::from(error).into()))?
        }
        None if beginning.is_empty() => first,
        None => beginning.freeze(),
    };
    if !is_gzip {
        return Ok(ReceivedBody { bytes, share });
    }
    let decompressed = decompress(bytes, gateway.memory.empty_share(holder), limits).await;
    drop(share);
    decompressed.map_err(Some)
}

/// Decompresses a body, within the limits of other bodies, and adds its memory to `share` as it grows.
async fn decompress(compressed: Bytes, mut share: BudgetShare, limits: CollectLimits) -> Result<ReceivedBody, V1Error> {
    let deadline = Instant::now() + MEMORY_TIMEOUT;
    let mut gunzip = GunzipBody::new(compressed, limits.bytes);
    loop {
        let step = spawn_blocking(move || {
            let step = gunzip.step();
            (gunzip, step)
        });
        let (returned, step) = step.await.map_err(|_| V1Error::internal())?;
        gunzip = returned;
        match step.map_err(|error| error.to_v1_error(limits.bytes))? {
            0 => return Ok(ReceivedBody { bytes: gunzip.plain.into(), share: Some(share) }),
            more => share.grow_in_time(more as u64 * COPIES, deadline).await.map_err(V1Error::from)?,
        }
    }
}
