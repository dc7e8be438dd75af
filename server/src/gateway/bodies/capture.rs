//! A call's copy, while the call is under way.

use std::sync::{
    Arc, Mutex, MutexGuard, PoisonError,
    atomic::{AtomicUsize, Ordering},
};

use axum::{body::Body, extract::Request, http::HeaderMap, response::Response};
use domain::{
    bodies::BodySettings,
    ids::{CallId, OrganizationId},
    time::Timestamp,
};
use hyper::body::Body as _;
use services::api_keys::directory::KeyRecord;

use super::{
    tee::{Side, Tee},
    writer::{Said, Writer},
};
use crate::gateway::{call::Arrival, headers::is_event_stream};

/// What all copies together may take, those included that wait for the writer, in bytes.
const ROOM: usize = 32 * 1024 * 1024;
/// How many bytes of a stream are read for each that is kept: a token comes in an event that is many times its size.
const STREAM_FACTOR: usize = 16;

/// How much of the room is taken.
#[derive(Clone, Debug, Default)]
pub(super) struct Room(Arc<AtomicUsize>);

impl Room {
    fn take(&self, bytes: usize) -> bool {
        let taken = self.0.fetch_add(bytes, Ordering::Relaxed);
        if taken + bytes > ROOM {
            self.0.fetch_sub(bytes, Ordering::Relaxed);
            return false;
        }
        true
    }

    pub(super) fn give_back(&self, bytes: usize) {
        self.0.fetch_sub(bytes, Ordering::Relaxed);
    }
}

/// Shared by whoever sees a part of the call; when the last of them is done, what was said goes to the writer.
#[derive(Clone, Debug)]
pub(in crate::gateway) struct Capture(Arc<Copy>);

#[derive(Debug)]
struct Copy {
    writer: Writer,
    call: CallId,
    started_at: Timestamp,
    path: &'static str,
    parts: Mutex<Parts>,
}

#[derive(Debug, Default)]
struct Parts {
    /// Whose call it is and what they chose, once it is known, and where they want it.
    kept: Option<(OrganizationId, BodySettings)>,
    /// Whether it was let in.
    forwarded: bool,
    /// Whether there was no room for some of it.
    overrun: bool,
    request: Side,
    response: Side,
}

/// Which of the two.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Direction {
    Request,
    Response,
}

impl Capture {
    pub(in crate::gateway) fn new(writer: &Writer, arrival: &Arrival) -> Self {
        Self(Arc::new(Copy {
            writer: writer.clone(),
            call: arrival.id,
            started_at: arrival.started_at,
            path: arrival.endpoint.path,
            parts: Mutex::default(),
        }))
    }

    /// The same request, of whose body a copy is taken once [`Self::admit`] was called.
    pub(in crate::gateway) fn request(&self, request: Request) -> Request {
        if request.body().is_end_stream() {
            return request;
        }
        request.map(|body| Body::new(Tee::new(body, self.clone(), Direction::Request)))
    }

    /// The call is this key's, and came with these headers. Its body is read from now on.
    pub(in crate::gateway) fn admit(&self, key: &KeyRecord, headers: &HeaderMap) {
        let chosen = key.bodies();
        if chosen.days.is_none() {
            return;
        }
        let mut parts = self.0.lock();
        parts.request = Side { limit: chosen.limit as usize, ..Side::of(headers) };
        parts.kept = Some((key.organization.id, chosen));
    }

    /// The call was let in: it has a row in the log, and so may what is said in it.
    pub(in crate::gateway) fn forwarded(&self) {
        self.0.lock().forwarded = true;
    }

    /// The same answer, of which a copy is taken, if it is wanted.
    pub(in crate::gateway) fn response(self, response: Response) -> Response {
        let limit = {
            let parts = self.0.lock();
            parts.kept.as_ref().filter(|_| parts.forwarded).map(|(_, chosen)| chosen.limit as usize)
        };
        let Some(limit) = limit else { return response };
        let (parts, body) = response.into_parts();
        let mut side = Side::of(&parts.headers);
        side.is_stream = is_event_stream(&parts.headers);
        side.limit = if side.is_stream { limit.saturating_mul(STREAM_FACTOR) } else { limit };
        self.0.lock().response = side;
        Response::from_parts(parts, Body::new(Tee::new(body, self, Direction::Response)))
    }

    /// Some of a body passed.
    pub(super) fn passed(&self, direction: Direction, data: &[u8]) {
        let mut parts = self.0.lock();
        let parts = &mut *parts;
        let side = match direction {
            Direction::Request => &mut parts.request,
            Direction::Response => &mut parts.response,
        };
        side.total += data.len() as u64;
        let wanted = side.wants(data.len());
        if wanted == 0 || parts.overrun {
            return;
        }
        let room = self.0.writer.room();
        if room.take(wanted) {
            room.give_back(side.push(&data[..wanted]));
        } else {
            parts.overrun = true;
        }
    }
}

impl Copy {
    fn lock(&self) -> MutexGuard<'_, Parts> {
        self.parts.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Copy {
    fn drop(&mut self) {
        let parts = std::mem::take(self.parts.get_mut().unwrap_or_else(PoisonError::into_inner));
        let room = parts.request.size() + parts.response.size();
        match parts.kept {
            Some((organization_id, chosen)) if parts.forwarded && !parts.overrun => self.writer.offer(Said {
                organization_id,
                chosen,
                call_id: self.call,
                started_at: self.started_at,
                path: self.path,
                request: parts.request,
                response: parts.response,
                room,
            }),
            kept => {
                self.writer.room().give_back(room);
                if kept.is_some() && parts.forwarded {
                    self.writer.left_out(1);
                }
            }
        }
    }
}

/// Headers without secrets: what might hold one keeps its name only.
pub(super) fn harmless(headers: &HeaderMap) -> Vec<(String, String)> {
    const SECRET: [&str; 9] =
        ["authorization", "cookie", "key", "token", "secret", "password", "signature", "credential", "session"];
    let shown = |(name, value): (&axum::http::HeaderName, &axum::http::HeaderValue)| {
        let name = name.as_str();
        // `x-ratelimit-remaining-tokens` counts another kind of token.
        let named = !name.starts_with("x-ratelimit-") && SECRET.iter().any(|part| name.contains(part));
        let secret = value.is_sensitive() || named;
        let value =
            if secret { "[redacted]".to_owned() } else { String::from_utf8_lossy(value.as_bytes()).into_owned() };
        (name.to_owned(), value)
    };
    headers.iter().map(shown).collect()
}
