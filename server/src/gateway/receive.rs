//! Receives bodies that are needed as a whole.
//!
//! What isn't complete doesn't take memory: beyond a small beginning it waits on the disk, as uploads do. What is complete, and is
//! worked on, takes its share of the memory that there is.

use std::time::Duration;

use axum::body::Body;
use bytes::{Bytes, BytesMut};
use hyper::body::Body as _;
use tokio::{task::spawn_blocking, time::Instant};

use super::{
    Gateway,
    budget::{Holder, Share},
    collect::{Next, Within, next},
    form::no_room,
    payload::Spooling,
    relay::json::LARGEST_ANSWER,
};
use crate::v1::error::Refusal;
use crate::{config::GatewayConfig, v1::gzip::Unpacking};

/// How much of a body that isn't complete is kept in memory, in bytes. Most are complete by then.
const BEGINNING: usize = 128 * 1024;
/// Up to which size a body's memory isn't counted, in bytes.
const SMALL: usize = 64 * 1024;
/// A body is there as it came and as it is sent on.
const TIMES: u64 = 2;
/// How long is waited for memory that others use.
const PATIENCE: Duration = Duration::from_secs(60);

/// A body that is complete.
pub(super) struct Received {
    pub(super) bytes: Bytes,
    /// What it takes of the memory, if it is counted, to be kept as long as it.
    pub(super) share: Option<Share>,
}

/// Why there is none; `None` where the client left.
type Failed = Option<Refusal>;

/// How much one call may take of the memory, in bytes.
pub(super) fn largest(limits: &GatewayConfig) -> u64 {
    (limits.max_body_bytes as u64 * TIMES).max(LARGEST_ANSWER as u64)
}

/// All of `body`, unpacked where it is compressed by gzip. A body of one piece isn't copied.
pub(super) async fn receive(
    gateway: &Gateway,
    holder: Holder,
    mut body: Body,
    within: Within,
    is_gzip: bool,
) -> Result<Received, Failed> {
    let too_large = || Some(Refusal::body_too_large(within.bytes as u64));
    if body.size_hint().lower() > within.bytes as u64 {
        return Err(too_large());
    }
    let (mut first, mut beginning) = (Bytes::new(), BytesMut::new());
    let mut spooling: Option<Spooling> = None;
    let mut length = 0;
    loop {
        let data = match next(&mut body, within.idle, within.deadline).await {
            Next::Data(data) => data,
            Next::End => break,
            Next::TooSlow => return Err(Some(Refusal::body_too_slow())),
            Next::Broken => return Err(None),
        };
        length += data.len();
        if length > within.bytes {
            return Err(too_large());
        }
        if let Some(spooling) = &mut spooling {
            spooling.push(&data).await.map_err(|error| Some(no_room(&error)))?;
        } else if length == data.len() {
            first = data;
        } else if length <= BEGINNING {
            beginning.extend_from_slice(&std::mem::take(&mut first));
            beginning.extend_from_slice(&data);
        } else {
            let mut new = Spooling::new(&gateway.disk.room(holder));
            for piece in [&std::mem::take(&mut first)[..], &std::mem::take(&mut beginning)[..], &data[..]] {
                new.push(piece).await.map_err(|error| Some(no_room(&error)))?;
            }
            spooling = Some(new);
        }
    }
    let mut share = None;
    if length > SMALL {
        let mut taken = gateway.memory.nothing(holder);
        // What is packed isn't sent on, and is gone when it is unpacked.
        let times = if is_gzip { 1 } else { TIMES };
        let room = taken.grow_in_time(length as u64 * times, Instant::now() + PATIENCE).await;
        room.map_err(|full| Some(Refusal::no_room(full)))?;
        share = Some(taken);
    }
    let bytes = match spooling {
        Some(spooling) => {
            let spool = spooling.finish().await.map_err(|error| Some(no_room(&error)))?;
            spool.whole().await.map_err(|error| Some(no_room(&error.into())))?
        }
        None if beginning.is_empty() => first,
        None => beginning.freeze(),
    };
    if !is_gzip {
        return Ok(Received { bytes, share });
    }
    let unpacked = unpack(bytes, gateway.memory.nothing(holder), within).await;
    drop(share);
    unpacked.map_err(Some)
}

/// What was compressed, which counts as what it is: no larger than other bodies, and with its share of the memory as it
/// grows.
async fn unpack(packed: Bytes, mut share: Share, within: Within) -> Result<Received, Refusal> {
    let deadline = Instant::now() + PATIENCE;
    let mut unpacking = Unpacking::new(packed, within.bytes);
    loop {
        let step = spawn_blocking(move || {
            let step = unpacking.step();
            (unpacking, step)
        });
        let (back, step) = step.await.map_err(|_| Refusal::internal())?;
        unpacking = back;
        match step.map_err(|fault| fault.refusal(within.bytes))? {
            0 => return Ok(Received { bytes: unpacking.plain.into(), share: Some(share) }),
            more => share.grow_in_time(more as u64 * TIMES, deadline).await.map_err(Refusal::no_room)?,
        }
    }
}
