//! Captures the bodies of a running call.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use axum::{body::Body, extract::Request, http::HeaderMap, response::Response};
use domain::{
    bodies::BodySettings,
    ids::{CallId, OrganizationId},
    time::Timestamp,
};
use hyper::body::Body as _;
use services::api_keys::directory::KeyRecord;

use super::{
    captured::{CapturedBodies, CapturedSide},
    tee::Tee,
    writer::BodyWriter,
};
use crate::gateway::{call::Arrival, headers::is_event_stream};

/// Bytes captured of a stream for each byte stored: a token comes in an event that is many times its size.
const STREAM_FACTOR: usize = 16;

/// A handle to a call's copy. When the last clone is dropped, the bodies go to the writer.
#[derive(Clone, Debug)]
pub(in crate::gateway) struct Capture(Arc<CallCopy>);

#[derive(Debug)]
struct CallCopy {
    writer: BodyWriter,
    call: CallId,
    started_at: Timestamp,
    path: &'static str,
    parts: Mutex<Parts>,
}

#[derive(Debug, Default)]
struct Parts {
    /// The call's organization and its settings, once known, if it stores bodies.
    owner: Option<(OrganizationId, BodySettings)>,
    /// Whether the call was forwarded.
    forwarded: bool,
    /// Whether the budget was too small for some of it.
    overrun: bool,
    request: CapturedSide,
    response: CapturedSide,
}

/// A side of a call.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Direction {
    Request,
    Response,
}

impl Capture {
    pub(in crate::gateway) fn new(writer: &BodyWriter, arrival: &Arrival) -> Self {
        Self(Arc::new(CallCopy {
            writer: writer.clone(),
            call: arrival.id,
            started_at: arrival.started_at,
            path: arrival.endpoint.path,
            parts: Mutex::default(),
        }))
    }

    /// Wraps the request's body, which is copied as it passes if [`Self::admit`] was called before.
    pub(in crate::gateway) fn request(&self, request: Request) -> Request {
        if request.body().is_end_stream() {
            return request;
        }
        let capture = self.clone();
        request.map(|body| Body::new(Tee::new(body, move |data| capture.push(Direction::Request, data))))
    }

    /// Sets the call's key and headers. Must be called before its body is read.
    pub(in crate::gateway) fn admit(&self, key: &KeyRecord, headers: &HeaderMap) {
        let settings = key.bodies();
        if settings.days.is_none() {
            return;
        }
        let mut parts = self.0.lock();
        parts.request = CapturedSide { limit: settings.limit as usize, ..CapturedSide::new(headers) };
        parts.owner = Some((key.organization.id, settings));
    }

    /// Marks the call as forwarded. Bodies of other calls, which have no row in the log, aren't stored.
    pub(in crate::gateway) fn mark_forwarded(&self) {
        self.0.lock().forwarded = true;
    }

    /// Wraps the answer's body, which is copied as it passes if it is to be stored.
    pub(in crate::gateway) fn response(self, response: Response) -> Response {
        let limit = {
            let parts = self.0.lock();
            parts.owner.as_ref().filter(|_| parts.forwarded).map(|(_, settings)| settings.limit as usize)
        };
        let Some(limit) = limit else { return response };
        let (parts, body) = response.into_parts();
        let mut side = CapturedSide::new(&parts.headers);
        side.is_stream = is_event_stream(&parts.headers);
        side.limit = if side.is_stream { limit.saturating_mul(STREAM_FACTOR) } else { limit };
        self.0.lock().response = side;
        Response::from_parts(parts, Body::new(Tee::new(body, move |data| self.push(Direction::Response, data))))
    }

    /// Copies a part of a body.
    fn push(&self, direction: Direction, data: &[u8]) {
        let mut parts = self.0.lock();
        let parts = &mut *parts;
        let side = match direction {
            Direction::Request => &mut parts.request,
            Direction::Response => &mut parts.response,
        };
        side.total += data.len() as u64;
        let wanted = side.wanted_bytes(data.len());
        if wanted == 0 || parts.overrun {
            return;
        }
        let budget = self.0.writer.budget();
        if budget.take(wanted) {
            budget.give_back(side.push(&data[..wanted]));
        } else {
            parts.overrun = true;
        }
    }
}

impl CallCopy {
    fn lock(&self) -> MutexGuard<'_, Parts> {
        self.parts.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for CallCopy {
    fn drop(&mut self) {
        let parts = std::mem::take(self.parts.get_mut().unwrap_or_else(PoisonError::into_inner));
        let size = parts.request.size() + parts.response.size();
        match parts.owner {
            Some((organization_id, settings)) if parts.forwarded && !parts.overrun => {
                self.writer.send(CapturedBodies {
                    organization_id,
                    settings,
                    call_id: self.call,
                    started_at: self.started_at,
                    path: self.path,
                    request: parts.request,
                    response: parts.response,
                    size,
                })
            }
            owner => {
                self.writer.budget().give_back(size);
                if owner.is_some() && parts.forwarded {
                    self.writer.count_dropped(1);
                }
            }
        }
    }
}
