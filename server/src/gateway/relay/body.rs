//! The body of a relayed answer, fed through a channel.

use std::{
    pin::Pin,
    task::{Context, Poll, ready},
};

use bytes::Bytes;
use hyper::body::{Body, Frame};
use tokio::sync::mpsc;

use crate::gateway::provider::AnswerBroken;

/// A message from a relay to its [`RelayBody`].
pub(crate) enum RelayPiece {
    Data(Bytes),
    End,
}

/// The body of a relayed answer. If the channel closes without [`RelayPiece::End`], the
/// body ends with an error.
pub(crate) struct RelayBody {
    pieces: mpsc::Receiver<RelayPiece>,
    state: State,
}

enum State {
    Open,
    /// About to fail, once earlier data has been sent.
    Breaking,
    Ended,
}

impl RelayBody {
    pub(crate) fn new(pieces: mpsc::Receiver<RelayPiece>) -> Self {
        Self { pieces, state: State::Open }
    }
}

impl Body for RelayBody {
    type Data = Bytes;
    type Error = AnswerBroken;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, AnswerBroken>>> {
        match self.state {
            State::Open => {}
            State::Breaking => {
                self.state = State::Ended;
                return Poll::Ready(Some(Err(AnswerBroken)));
            }
            State::Ended => return Poll::Ready(None),
        }
        match ready!(self.pieces.poll_recv(context)) {
            Some(RelayPiece::Data(bytes)) => Poll::Ready(Some(Ok(Frame::data(bytes)))),
            Some(RelayPiece::End) => {
                self.state = State::Ended;
                Poll::Ready(None)
            }
            None => {
                // An error makes hyper close the connection with unsent data in its buffer. It flushes the
                // buffer before it waits, so the body waits once.
                self.state = State::Breaking;
                context.waker().wake_by_ref();
                Poll::Pending
            }
        }
    }
}
