//! Who reads an answer piece by piece.

use axum::http::HeaderMap;
use axum::{
    body::Body,
    http::{Response, StatusCode},
};
use bytes::Bytes;
use tokio::{
    sync::mpsc,
    time::{Instant, timeout_at},
};

use super::body::{Passed, Piece};
use crate::{
    config::GatewayConfig,
    gateway::{call::Arrival, limits::Reply},
};

/// How many pieces may wait for a slow client.
const WAITING: usize = 32;

/// The client's end of a call that is passed on as it arrives.
pub(in crate::gateway) struct Client<'a> {
    arrival: &'a Arrival,
    limits: &'a GatewayConfig,
    /// `None` once it is known that it has gone.
    pieces: Option<mpsc::Sender<Piece>>,
    /// From the request's arrival to the first byte that was passed on.
    pub(in crate::gateway) first_byte_us: Option<i64>,
}

impl<'a> Client<'a> {
    /// Begins the answer.
    pub(in crate::gateway) fn new(
        arrival: &'a Arrival,
        limits: &'a GatewayConfig,
        status: StatusCode,
        headers: HeaderMap,
        reply: Reply,
    ) -> Self {
        let (pieces, passed_on) = mpsc::channel(WAITING);
        let mut answer = Response::new(Body::new(Passed::new(passed_on)));
        *answer.status_mut() = status;
        *answer.headers_mut() = headers;
        // Where the client has gone already, the other end of `pieces` goes with the answer.
        let _ = reply.send(answer);
        Self { arrival, limits, pieces: Some(pieces), first_byte_us: None }
    }

    /// By when the whole answer must be over.
    pub(in crate::gateway) fn deadline(&self) -> Instant {
        self.arrival.complete + self.limits.total_timeout
    }

    pub(in crate::gateway) fn is_gone(&self) -> bool {
        self.pieces.as_ref().is_none_or(mpsc::Sender::is_closed)
    }

    pub(in crate::gateway) async fn send(&mut self, bytes: Bytes) {
        if bytes.is_empty() {
            return;
        }
        if self.first_byte_us.is_none() {
            self.first_byte_us = Some(self.arrival.elapsed_us());
        }
        self.give(Piece::Data(bytes)).await;
    }

    /// The answer is complete.
    pub(in crate::gateway) async fn end(&mut self) {
        self.give(Piece::End).await;
    }

    /// Hands a piece to the client, who may keep it waiting, but not for ever.
    async fn give(&mut self, piece: Piece) {
        let Some(pieces) = &self.pieces else { return };
        let patience = self.deadline().min(Instant::now() + self.limits.idle_timeout);
        if !matches!(timeout_at(patience, pieces.send(piece)).await, Ok(Ok(()))) {
            self.pieces = None;
        }
    }

    /// Gives the client a last piece. One who reads so slowly that much waits for it already isn't waited for.
    pub(crate) fn end_with(&mut self, bytes: Bytes) {
        let Some(pieces) = self.pieces.take() else { return };
        if pieces.try_send(Piece::Data(bytes)).is_ok() {
            let _ = pieces.try_send(Piece::End);
        }
    }
}
