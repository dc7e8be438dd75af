//! The client's side of a stream.

use std::{
    pin::Pin,
    task::{Context, Poll, ready},
};

use bytes::Bytes;
use hyper::body::{Body, Frame};
use tokio::sync::mpsc;

use crate::gateway::provider::BrokenOff;

/// What a relay hands to the client's side.
pub(crate) enum Piece {
    Data(Bytes),
    End,
}

/// The body of a streamed answer. Where its pieces end without saying so, the answer breaks off.
pub(crate) struct Passed {
    pieces: mpsc::Receiver<Piece>,
    state: State,
}

enum State {
    Open,
    /// About to break off, when what came before has been sent.
    Breaking,
    Ended,
}

impl Passed {
    pub(crate) fn new(pieces: mpsc::Receiver<Piece>) -> Self {
        Self { pieces, state: State::Open }
    }
}

impl Body for Passed {
    type Data = Bytes;
    type Error = BrokenOff;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BrokenOff>>> {
        match self.state {
            State::Open => {}
            State::Breaking => {
                self.state = State::Ended;
                return Poll::Ready(Some(Err(BrokenOff)));
            }
            State::Ended => return Poll::Ready(None),
        }
        match ready!(self.pieces.poll_recv(context)) {
            Some(Piece::Data(bytes)) => Poll::Ready(Some(Ok(Frame::data(bytes)))),
            Some(Piece::End) => {
                self.state = State::Ended;
                Poll::Ready(None)
            }
            None => {
                // An error makes hyper close the connection with what it has buffered; it writes that out when it
                // has to wait, so it waits once.
                self.state = State::Breaking;
                context.waker().wake_by_ref();
                Poll::Pending
            }
        }
    }
}
