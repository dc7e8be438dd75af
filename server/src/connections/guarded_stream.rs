//! A connection's socket, which hyper reads and writes through here.
//!
//! What comes is passed on when it was understood ([`Framing`]) and in time. Instead of what is wrong, hyper is given a request
//! of ours that is answered by saying so.

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
    fault::{self, Fault},
    framing::Framing,
    read_budget::{Alarm, Patience},
    slots::Place,
    state::Link,
};

/// Bytes a second of a request's body, beyond the time that it has anyway.
const BODY_RATE: u64 = 1024;
/// The same of an answer.
const ANSWER_RATE: u64 = 256;
/// How much is read at once of a head that doesn't come at once.
const PIECE: usize = 4 * 1024;
/// How long more is read of a client that was answered before it had sent all, however much, so that it reads the answer
/// first: its system throws that away when what it sends can't arrive any more, and to many a client it is a broken
/// connection then. As nginx does (`lingering_close`): for so long in all, and so long after the last piece.
const LINGERING: Duration = Duration::from_secs(30);
const LINGERING_SILENCE: Duration = Duration::from_secs(2);
/// How much is thrown away at once.
const THROWN_AWAY: usize = 16 * 1024;

pub(super) struct Guarded {
    socket: TcpStream,
    link: Arc<Link>,
    framing: Framing,
    /// What came and wasn't passed on.
    came: BytesMut,
    /// So much of it may be.
    good: usize,
    state: State,
    alarm: Alarm,
    /// When a head began to come.
    head_since: Option<Instant>,
    /// Since when the next request is waited for.
    idle_since: Option<Instant>,
    body: Patience,
    answer: Patience,
    lingering: Option<Lingering>,
    /// Given back with the socket.
    _place: Place,
}

/// What is still waited for of a client that was answered already.
#[derive(Clone, Copy, Debug)]
struct Lingering {
    until: Instant,
    /// When something came.
    last: Instant,
}

#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum State {
    Open,
    /// What follows the good bytes is wrong.
    Faulty(Fault),
    /// That was told; nothing that comes matters any more.
    Over,
}

impl Guarded {
    pub(super) fn new(socket: TcpStream, link: Arc<Link>, place: Place) -> Self {
        Self {
            socket,
            link,
            framing: Framing::new(),
            came: BytesMut::new(),
            good: 0,
            state: State::Open,
            alarm: Alarm::default(),
            head_since: None,
            idle_since: None,
            body: Patience::new(BODY_RATE),
            answer: Patience::new(ANSWER_RATE),
            lingering: None,
            _place: place,
        }
    }

    /// Looks at what came behind what is known to be good.
    fn look(&mut self) {
        let found = self.examine(None);
        self.good += found;
    }

    /// Looks at `bytes`, or at what came; so many of them are good.
    fn examine(&mut self, bytes: Option<&[u8]>) -> usize {
        let before = self.framing.requests();
        let found = self.framing.look(bytes.unwrap_or(&self.came[self.good..]));
        if let Some(fault) = found.fault {
            self.state = State::Faulty(fault);
        }
        if self.framing.requests() > before {
            self.head_since = None;
            self.idle_since = None;
            self.body.begin_anew();
            self.answer.begin_anew();
            self.link.be_busy();
        }
        if found.good > 0 {
            self.body.note(found.good, Instant::now());
        }
        found.good
    }

    /// Passes on what is good of what came.
    fn pass(&mut self, buffer: &mut ReadBuf<'_>) {
        let length = self.good.min(buffer.remaining());
        buffer.put_slice(&self.came[..length]);
        self.came.advance(length);
        self.good -= length;
        if self.came.is_empty() {
            // Not to be kept between requests, of which there may be few.
            self.came = BytesMut::new();
        }
    }

    /// Tells of a fault: that of a head by a request that says so, that of a body by an error.
    fn tell(&mut self, fault: Fault, buffer: &mut ReadBuf<'_>) -> io::Result<()> {
        if self.framing.is_in_body() {
            self.state = State::Over;
            self.link.note_fault(self.framing.requests(), fault);
            return Err(io::Error::new(io::ErrorKind::InvalidData, "the request's body is faulty"));
        }
        self.link.be_busy();
        self.came.clear();
        self.came.extend_from_slice(fault::refused_head(fault).as_bytes());
        self.good = self.came.len();
        self.state = State::Over;
        self.pass(buffer);
        Ok(())
    }

    /// What is to be done when nothing comes; `None` while it can be waited for.
    fn wait(&mut self, context: &mut Context<'_>) -> Option<Waited> {
        let limits = self.link.limits;
        if self.link.is_upgraded() {
            return None;
        }
        if self.framing.is_in_body() {
            let deadline = self.body.wait(limits.body_timeout, Instant::now());
            let deadline = self.link.bodies_until().map_or(deadline, |until| deadline.min(until));
            return self.alarm.rings(deadline, context).then_some(Waited::Fault(Fault::BodyTooSlow));
        }
        if self.link.is_answering_to(context.waker()) || self.answer.is_waiting() {
            // The client waits, and not we. What it sends meanwhile has its time from the answer on.
            self.head_since = None;
            self.idle_since = None;
            return None;
        }
        self.link.be_quiet();
        if !self.came.is_empty() {
            let since = *self.head_since.get_or_insert_with(Instant::now);
            let rings = self.alarm.rings(since + limits.head_timeout, context);
            return rings.then_some(Waited::Fault(Fault::HeadTooSlow));
        }
        let deadline = match self.framing.requests() {
            0 => self.link.began() + limits.head_timeout,
            _ => *self.idle_since.get_or_insert_with(Instant::now) + limits.idle_timeout,
        };
        self.alarm.rings(deadline, context).then_some(Waited::InVain)
    }

    /// Whether a client that takes nothing of its answer is waited for no longer.
    fn is_stuck(&mut self, context: &mut Context<'_>) -> bool {
        let deadline = self.answer.wait(self.link.limits.answer_timeout, Instant::now());
        self.alarm.rings(deadline, context)
    }

    fn wrote(&mut self, written: Poll<io::Result<usize>>, context: &mut Context<'_>) -> Poll<io::Result<usize>> {
        match written {
            Poll::Ready(Ok(bytes)) => {
                if self.answer.is_waiting() {
                    // The next request is waited for from now on.
                    context.waker().wake_by_ref();
                }
                self.answer.note(bytes, Instant::now());
            }
            Poll::Ready(Err(_)) => {}
            Poll::Pending if self.is_stuck(context) => return Poll::Ready(Err(io::ErrorKind::TimedOut.into())),
            Poll::Pending => {}
        }
        written
    }
}

/// How waiting ended.
enum Waited {
    /// Nobody wanted anything.
    InVain,
    Fault(Fault),
}

impl AsyncRead for Guarded {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let this = &mut *self;
        loop {
            if this.link.is_upgraded() {
                this.good = this.came.len();
            }
            if this.good > 0 {
                this.pass(buffer);
                return Poll::Ready(Ok(()));
            }
            if this.link.is_upgraded() {
                return Pin::new(&mut this.socket).poll_read(context, buffer);
            }
            match this.state {
                State::Open => {}
                State::Faulty(fault) => return Poll::Ready(this.tell(fault, buffer)),
                // Nothing comes any more; the answer that is on its way ends the connection.
                State::Over => return Poll::Pending,
            }
            if !this.came.is_empty() {
                this.look();
                if this.good > 0 || this.state != State::Open {
                    continue;
                }
            }
            let read = if this.came.is_empty() { this.read_directly(context, buffer) } else { this.read_more(context) };
            match read {
                Poll::Ready(Ok(0)) => {
                    if this.framing.is_in_body() {
                        this.link.note_fault(this.framing.requests(), Fault::Incomplete);
                    }
                    return Poll::Ready(Ok(()));
                }
                Poll::Ready(Ok(_)) if !buffer.filled().is_empty() => return Poll::Ready(Ok(())),
                Poll::Ready(Ok(_)) => {}
                Poll::Ready(Err(error)) => return Poll::Ready(Err(error)),
                Poll::Pending => match this.wait(context) {
                    None => return Poll::Pending,
                    Some(Waited::InVain) => return Poll::Ready(Ok(())),
                    Some(Waited::Fault(fault)) => this.state = State::Faulty(fault),
                },
            }
        }
    }
}

impl Guarded {
    /// Reads to where it is wanted, which is where most of it can stay; tells how much came.
    fn read_directly(&mut self, context: &mut Context<'_>, buffer: &mut ReadBuf<'_>) -> Poll<io::Result<usize>> {
        let before = buffer.filled().len();
        ready!(Pin::new(&mut self.socket).poll_read(context, buffer))?;
        let came = &buffer.filled()[before..];
        let (length, good) = (came.len(), self.examine(Some(came)));
        if good < length {
            self.came.extend_from_slice(&buffer.filled()[before + good..]);
            buffer.set_filled(before + good);
        }
        Poll::Ready(Ok(length))
    }

    /// Reads more of what is there in part; tells how much came.
    fn read_more(&mut self, context: &mut Context<'_>) -> Poll<io::Result<usize>> {
        let mut piece = [0; PIECE];
        let mut buffer = ReadBuf::new(&mut piece);
        ready!(Pin::new(&mut self.socket).poll_read(context, &mut buffer))?;
        self.came.extend_from_slice(buffer.filled());
        Poll::Ready(Ok(buffer.filled().len()))
    }

    /// Throws away for a while what a client still sends. Meanwhile the connection counts as quiet, so that it is among the first
    /// to go where its place is wanted.
    fn linger(&mut self, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.link.be_quiet();
        let until = self.link.bodies_until();
        if self.link.leave.is_cancelled() && until.is_none() {
            return Poll::Ready(Ok(()));
        }
        let now = Instant::now();
        let begun = Lingering { until: now + LINGERING, last: now };
        let mut lingering = self.lingering.unwrap_or(begun);
        let mut piece = [0; THROWN_AWAY];
        loop {
            let mut buffer = ReadBuf::new(&mut piece);
            match Pin::new(&mut self.socket).poll_read(context, &mut buffer) {
                Poll::Ready(Ok(())) if !buffer.filled().is_empty() => {
                    lingering.last = Instant::now();
                }
                // It has gone as well, one way or another.
                Poll::Ready(_) => return Poll::Ready(Ok(())),
                Poll::Pending => {
                    let deadline = lingering.until.min(lingering.last + LINGERING_SILENCE);
                    let deadline = until.map_or(deadline, |until| deadline.min(until));
                    if self.alarm.rings(deadline, context) {
                        return Poll::Ready(Ok(()));
                    }
                    self.lingering = Some(lingering);
                    return Poll::Pending;
                }
            }
            if lingering.last >= lingering.until {
                return Poll::Ready(Ok(()));
            }
        }
    }
}

impl AsyncWrite for Guarded {
    fn poll_write(mut self: Pin<&mut Self>, context: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.socket).poll_write(context, bytes);
        self.wrote(written, context)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        slices: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.socket).poll_write_vectored(context, slices);
        self.wrote(written, context)
    }

    fn is_write_vectored(&self) -> bool {
        self.socket.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.socket).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        if self.lingering.is_none() {
            ready!(Pin::new(&mut self.socket).poll_shutdown(context))?;
        }
        if self.framing.is_in_body() || self.state != State::Open { self.linger(context) } else { Poll::Ready(Ok(())) }
    }
}
