//! A connection's socket, which hyper reads and writes through here.
//!
//! hyper gets a client's bytes once they are parsed as HTTP ([`Framing`]). In place of faulty bytes, and of bytes that
//! don't arrive in time, it gets a request made here, whose handler answers with the fault.

use std::{
    io,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll, ready},
    time::Duration,
};

use bytes::{Buf, BytesMut};
use tokio::{
    io::{AsyncRead, AsyncWrite, ReadBuf},
    net::TcpStream,
    time::Instant,
};

use super::{
    fault::{self, ConnectionFault},
    framing::Framing,
    read_budget::{ReadBudget, ReadTimer},
    slots::ConnectionSlot,
    state::ConnectionState,
};

/// Bytes of a request's body that earn a second beyond
/// [`body_timeout`](crate::config::ConnectionLimits::body_timeout).
const BODY_BYTES_PER_SECOND: u64 = 1024;
/// Bytes of an answer that earn a second beyond
/// [`answer_timeout`](crate::config::ConnectionLimits::answer_timeout).
const ANSWER_BYTES_PER_SECOND: u64 = 256;
/// Bytes read at once of a head that arrives in pieces.
const READ_BYTES: usize = 4 * 1024;
/// Time in which a client that was answered before it had sent everything is read from, however much it
/// sends, so that it reads the answer first: its system discards the answer when sent bytes can't be
/// delivered any more, and many clients then report a broken connection. Like nginx's `lingering_close`: a
/// total, and a time after the last bytes.
const DRAIN_TIMEOUT: Duration = Duration::from_secs(30);
const DRAIN_IDLE_TIMEOUT: Duration = Duration::from_secs(2);
/// Bytes discarded at once.
const DISCARD_BYTES: usize = 16 * 1024;

pub(super) struct GuardedStream {
    socket: TcpStream,
    state: Arc<ConnectionState>,
    framing: Framing,
    /// Bytes that arrived and weren't passed on.
    buffered: BytesMut,
    /// How many of the buffered bytes may be passed on.
    accepted: usize,
    reading: ReadState,
    timer: ReadTimer,
    /// When a head began to arrive.
    head_since: Option<Instant>,
    /// When the server began to wait for the next request.
    idle_since: Option<Instant>,
    body_budget: ReadBudget,
    answer_budget: ReadBudget,
    draining: Option<DrainState>,
    /// Released with the socket.
    _slot: ConnectionSlot,
}

/// How long a client that was answered already is still read from.
#[derive(Clone, Copy, Debug)]
struct DrainState {
    until: Instant,
    /// When bytes last arrived.
    last_read: Instant,
}

#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum ReadState {
    Open,
    /// The bytes after the accepted ones are faulty.
    Faulty(ConnectionFault),
    /// The fault was reported; further bytes don't matter.
    Over,
}

impl GuardedStream {
    pub(super) fn new(socket: TcpStream, state: Arc<ConnectionState>, slot: ConnectionSlot) -> Self {
        Self {
            socket,
            state,
            framing: Framing::new(),
            buffered: BytesMut::new(),
            accepted: 0,
            reading: ReadState::Open,
            timer: ReadTimer::default(),
            head_since: None,
            idle_since: None,
            body_budget: ReadBudget::new(BODY_BYTES_PER_SECOND),
            answer_budget: ReadBudget::new(ANSWER_BYTES_PER_SECOND),
            draining: None,
            _slot: slot,
        }
    }

    /// Scans the buffered bytes that aren't accepted yet.
    fn scan_buffered(&mut self) {
        let accepted = self.scan(None);
        self.accepted += accepted;
    }

    /// Scans `bytes`, or the buffered ones that aren't accepted yet, and returns how many are accepted.
    fn scan(&mut self, bytes: Option<&[u8]>) -> usize {
        let before = self.framing.requests();
        let step = self.framing.scan(bytes.unwrap_or(&self.buffered[self.accepted..]));
        if let Some(fault) = step.fault {
            self.reading = ReadState::Faulty(fault);
        }
        if self.framing.requests() > before {
            self.head_since = None;
            self.idle_since = None;
            self.body_budget.reset();
            self.answer_budget.reset();
            self.state.mark_busy();
        }
        if step.accepted > 0 {
            self.body_budget.add_bytes(step.accepted, Instant::now());
        }
        step.accepted
    }

    /// Passes on accepted bytes.
    fn pass_on(&mut self, buffer: &mut ReadBuf<'_>) {
        let length = self.accepted.min(buffer.remaining());
        buffer.put_slice(&self.buffered[..length]);
        self.buffered.advance(length);
        self.accepted -= length;
        if self.buffered.is_empty() {
            // Its memory isn't kept between requests, which may be far apart.
            self.buffered = BytesMut::new();
        }
    }

    /// Reports a fault: in a head by a request that stands for it, in a body by an error.
    fn report_fault(&mut self, fault: ConnectionFault, buffer: &mut ReadBuf<'_>) -> io::Result<()> {
        if self.framing.is_in_body() {
            self.reading = ReadState::Over;
            self.state.set_fault(self.framing.requests(), fault);
            return Err(io::Error::new(io::ErrorKind::InvalidData, "the request's body is faulty"));
        }
        self.state.mark_busy();
        self.buffered.clear();
        self.buffered.extend_from_slice(fault::fault_head(fault).as_bytes());
        self.accepted = self.buffered.len();
        self.reading = ReadState::Over;
        self.pass_on(buffer);
        Ok(())
    }

    /// Decides how to go on when no bytes arrive; `None` to keep waiting.
    fn check_deadline(&mut self, context: &mut Context<'_>) -> Option<WaitOutcome> {
        let limits = self.state.limits;
        if self.state.is_upgraded() {
            return None;
        }
        if self.framing.is_in_body() {
            let deadline = self.body_budget.start_waiting(limits.body_timeout, Instant::now());
            let deadline = self.state.body_deadline().map_or(deadline, |until| deadline.min(until));
            return self.timer.is_past(deadline, context).then_some(WaitOutcome::Fault(ConnectionFault::BodyTooSlow));
        }
        if self.state.is_answering_with_waker(context.waker()) || self.answer_budget.is_waiting() {
            // The client waits for the server. Bytes that it sends meanwhile get their full time once the
            // answer is over.
            self.head_since = None;
            self.idle_since = None;
            return None;
        }
        self.state.mark_quiet();
        if !self.buffered.is_empty() {
            let since = *self.head_since.get_or_insert_with(Instant::now);
            let is_past = self.timer.is_past(since + limits.head_timeout, context);
            return is_past.then_some(WaitOutcome::Fault(ConnectionFault::HeadTooSlow));
        }
        let deadline = match self.framing.requests() {
            0 => self.state.began() + limits.head_timeout,
            _ => *self.idle_since.get_or_insert_with(Instant::now) + limits.idle_timeout,
        };
        self.timer.is_past(deadline, context).then_some(WaitOutcome::Idle)
    }

    /// Whether a client has read nothing of its answer for too long.
    fn is_stuck(&mut self, context: &mut Context<'_>) -> bool {
        let deadline = self.answer_budget.start_waiting(self.state.limits.answer_timeout, Instant::now());
        self.timer.is_past(deadline, context)
    }

    fn after_write(&mut self, written: Poll<io::Result<usize>>, context: &mut Context<'_>) -> Poll<io::Result<usize>> {
        match written {
            Poll::Ready(Ok(bytes)) => {
                if self.answer_budget.is_waiting() {
                    // The reader must start to wait for the next request.
                    context.waker().wake_by_ref();
                }
                self.answer_budget.add_bytes(bytes, Instant::now());
            }
            Poll::Ready(Err(_)) => {}
            Poll::Pending if self.is_stuck(context) => return Poll::Ready(Err(io::ErrorKind::TimedOut.into())),
            Poll::Pending => {}
        }
        written
    }
}

/// The end of a wait.
enum WaitOutcome {
    /// No request began.
    Idle,
    Fault(ConnectionFault),
}

impl AsyncRead for GuardedStream {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let this = &mut *self;
        loop {
            if this.state.is_upgraded() {
                this.accepted = this.buffered.len();
            }
            if this.accepted > 0 {
                this.pass_on(buffer);
                return Poll::Ready(Ok(()));
            }
            if this.state.is_upgraded() {
                return Pin::new(&mut this.socket).poll_read(context, buffer);
            }
            match this.reading {
                ReadState::Open => {}
                ReadState::Faulty(fault) => return Poll::Ready(this.report_fault(fault, buffer)),
                // Nothing is read any more; the answer on its way ends the connection.
                ReadState::Over => return Poll::Pending,
            }
            if !this.buffered.is_empty() {
                this.scan_buffered();
                if this.accepted > 0 || this.reading != ReadState::Open {
                    continue;
                }
            }
            let read =
                if this.buffered.is_empty() { this.read_directly(context, buffer) } else { this.read_more(context) };
            match read {
                Poll::Ready(Ok(0)) => {
                    if this.framing.is_in_body() {
                        this.state.set_fault(this.framing.requests(), ConnectionFault::Incomplete);
                    }
                    return Poll::Ready(Ok(()));
                }
                Poll::Ready(Ok(_)) if !buffer.filled().is_empty() => return Poll::Ready(Ok(())),
                Poll::Ready(Ok(_)) => {}
                Poll::Ready(Err(error)) => return Poll::Ready(Err(error)),
                Poll::Pending => match this.check_deadline(context) {
                    None => return Poll::Pending,
                    Some(WaitOutcome::Idle) => return Poll::Ready(Ok(())),
                    Some(WaitOutcome::Fault(fault)) => this.reading = ReadState::Faulty(fault),
                },
            }
        }
    }
}

impl GuardedStream {
    /// Reads into hyper's buffer, where most of the bytes can stay, and returns how many arrived.
    fn read_directly(&mut self, context: &mut Context<'_>, buffer: &mut ReadBuf<'_>) -> Poll<io::Result<usize>> {
        let before = buffer.filled().len();
        ready!(Pin::new(&mut self.socket).poll_read(context, buffer))?;
        let read = &buffer.filled()[before..];
        let (length, accepted) = (read.len(), self.scan(Some(read)));
        if accepted < length {
            self.buffered.extend_from_slice(&buffer.filled()[before + accepted..]);
            buffer.set_filled(before + accepted);
        }
        Poll::Ready(Ok(length))
    }

    /// Reads more of a request that arrived in part, and returns how many bytes arrived.
    fn read_more(&mut self, context: &mut Context<'_>) -> Poll<io::Result<usize>> {
        let mut piece = [0; READ_BYTES];
        let mut buffer = ReadBuf::new(&mut piece);
        ready!(Pin::new(&mut self.socket).poll_read(context, &mut buffer))?;
        self.buffered.extend_from_slice(buffer.filled());
        Poll::Ready(Ok(buffer.filled().len()))
    }

    /// Discards for a while what a client still sends. The connection counts as quiet meanwhile, so that it
    /// is among the first to close when slots run short.
    fn drain(&mut self, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.state.mark_quiet();
        let body_deadline = self.state.body_deadline();
        if self.state.shutdown_token.is_cancelled() && body_deadline.is_none() {
            return Poll::Ready(Ok(()));
        }
        let now = Instant::now();
        let fresh = DrainState { until: now + DRAIN_TIMEOUT, last_read: now };
        let mut draining = self.draining.unwrap_or(fresh);
        let mut piece = [0; DISCARD_BYTES];
        loop {
            let mut buffer = ReadBuf::new(&mut piece);
            match Pin::new(&mut self.socket).poll_read(context, &mut buffer) {
                Poll::Ready(Ok(())) if !buffer.filled().is_empty() => {
                    draining.last_read = Instant::now();
                }
                // The client has closed its side too, or the connection broke.
                Poll::Ready(_) => return Poll::Ready(Ok(())),
                Poll::Pending => {
                    let deadline = draining.until.min(draining.last_read + DRAIN_IDLE_TIMEOUT);
                    let deadline = body_deadline.map_or(deadline, |until| deadline.min(until));
                    if self.timer.is_past(deadline, context) {
                        return Poll::Ready(Ok(()));
                    }
                    self.draining = Some(draining);
                    return Poll::Pending;
                }
            }
            if draining.last_read >= draining.until {
                return Poll::Ready(Ok(()));
            }
        }
    }
}

impl AsyncWrite for GuardedStream {
    fn poll_write(mut self: Pin<&mut Self>, context: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.socket).poll_write(context, bytes);
        self.after_write(written, context)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        slices: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.socket).poll_write_vectored(context, slices);
        self.after_write(written, context)
    }

    fn is_write_vectored(&self) -> bool {
        self.socket.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.socket).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        if self.draining.is_none() {
            ready!(Pin::new(&mut self.socket).poll_shutdown(context))?;
        }
        if self.framing.is_in_body() || self.reading != ReadState::Open {
            self.drain(context)
        } else {
            Poll::Ready(Ok(()))
        }
    }
}
