//! The client's end of an answer that is relayed piece by piece.

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

use super::body::{RelayBody, RelayPiece};
use crate::{
    config::GatewayConfig,
    gateway::{call::Arrival, limits::AnswerSender},
};

/// Number of pieces that may be queued for a slow client.
const QUEUE_LENGTH: usize = 32;

/// Sends an answer to the client as it arrives.
pub(in crate::gateway) struct ClientStream<'a> {
    arrival: &'a Arrival,
    limits: &'a GatewayConfig,
    /// `None` once the client is known to have disconnected.
    pieces: Option<mpsc::Sender<RelayPiece>>,
    /// Microseconds from the request's arrival to the first byte sent.
    pub(in crate::gateway) first_byte_us: Option<i64>,
}

impl<'a> ClientStream<'a> {
    /// Sends the head of the answer.
    pub(in crate::gateway) fn new(
        arrival: &'a Arrival,
        limits: &'a GatewayConfig,
        status: StatusCode,
        headers: HeaderMap,
        reply: AnswerSender,
    ) -> Self {
        let (pieces, receiver) = mpsc::channel(QUEUE_LENGTH);
        let mut answer = Response::new(Body::new(RelayBody::new(receiver)));
        *answer.status_mut() = status;
        *answer.headers_mut() = headers;
        // If the client has disconnected, the answer is dropped, and with it the receiver.
        let _ = reply.send(answer);
        Self { arrival, limits, pieces: Some(pieces), first_byte_us: None }
    }

    /// Returns the deadline of the whole answer.
    pub(in crate::gateway) fn deadline(&self) -> Instant {
        self.arrival.received_at + self.limits.total_timeout
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
        self.queue(RelayPiece::Data(bytes)).await;
    }

    /// Ends a complete answer.
    pub(in crate::gateway) async fn end(&mut self) {
        self.queue(RelayPiece::End).await;
    }

    /// Queues a piece for the client; gives up on a client that accepts none within the timeouts.
    async fn queue(&mut self, piece: RelayPiece) {
        let Some(pieces) = &self.pieces else { return };
        let deadline = self.deadline().min(Instant::now() + self.limits.idle_timeout);
        if !matches!(timeout_at(deadline, pieces.send(piece)).await, Ok(Ok(()))) {
            self.pieces = None;
        }
    }

    /// Sends a last piece and ends the answer. Doesn't wait for a client whose queue is full.
    pub(crate) fn end_with(&mut self, bytes: Bytes) {
        let Some(pieces) = self.pieces.take() else { return };
        if pieces.try_send(RelayPiece::Data(bytes)).is_ok() {
            let _ = pieces.try_send(RelayPiece::End);
        }
    }
}
