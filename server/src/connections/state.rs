//! What the two ends of a connection's machinery tell each other: the one that reads its bytes, and the one that answers.

use std::{
    sync::{
        Arc, OnceLock,
        atomic::{AtomicBool, AtomicU8, AtomicU32, AtomicU64, Ordering},
    },
    task::Waker,
    time::Duration,
};

use futures::task::AtomicWaker;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use super::fault::Fault;
use crate::config::ConnectionLimits;

/// What is known of a connection. Shared by all that work on it.
#[derive(Debug)]
pub(super) struct Link {
    pub(super) limits: ConnectionLimits,
    began: Instant,
    /// Requests that were read and aren't answered to the end.
    answering: AtomicU32,
    /// Whoever reads, and waits for an answer to be over.
    reader: AtomicWaker,
    /// Whether it isn't HTTP any more.
    upgraded: AtomicBool,
    /// For how long nobody has asked for anything: milliseconds from its beginning on, and one more; 0 while somebody does.
    quiet_since: AtomicU64,
    /// In the body of which request, counted from 1, something was wrong; 0 for none.
    faulty: AtomicU64,
    fault: AtomicU8,
    /// By when bodies must be complete, since the server stops.
    bodies_until: OnceLock<Instant>,
    /// Ends it when what is under way is answered.
    pub(super) leave: CancellationToken,
    /// Breaks it off.
    pub(super) cut: CancellationToken,
}

impl Link {
    pub(super) fn new(limits: ConnectionLimits) -> Self {
        Self {
            limits,
            began: Instant::now(),
            answering: AtomicU32::new(0),
            reader: AtomicWaker::new(),
            upgraded: AtomicBool::new(false),
            quiet_since: AtomicU64::new(1),
            faulty: AtomicU64::new(0),
            fault: AtomicU8::new(0),
            bodies_until: OnceLock::new(),
            leave: CancellationToken::new(),
            cut: CancellationToken::new(),
        }
    }

    pub(super) fn began(&self) -> Instant {
        self.began
    }

    pub(super) fn is_answering(&self) -> bool {
        self.answering.load(Ordering::Acquire) > 0
    }

    /// The same for whoever reads, who is woken when it isn't so any more.
    pub(super) fn is_answering_to(&self, reader: &Waker) -> bool {
        if !self.is_answering() {
            return false;
        }
        self.reader.register(reader);
        self.is_answering()
    }

    pub(super) fn upgrade(&self) {
        self.upgraded.store(true, Ordering::Release);
    }

    pub(super) fn is_upgraded(&self) -> bool {
        self.upgraded.load(Ordering::Acquire)
    }

    pub(super) fn be_quiet(&self) {
        if self.quiet_since.load(Ordering::Relaxed) == 0 {
            let now = u64::try_from(self.began.elapsed().as_millis()).unwrap_or(u64::MAX - 1);
            self.quiet_since.store(now + 1, Ordering::Relaxed);
        }
    }

    pub(super) fn be_busy(&self) {
        self.quiet_since.store(0, Ordering::Relaxed);
    }

    /// Since when nobody has asked for anything here; `None` while somebody does, or where it was told to end already.
    pub(super) fn quiet_since(&self) -> Option<Instant> {
        let since = self.quiet_since.load(Ordering::Relaxed).checked_sub(1)?;
        if self.leave.is_cancelled() || self.is_answering() {
            return None;
        }
        self.began.checked_add(Duration::from_millis(since))
    }

    /// Remembers that something is wrong with the body of the request with this number.
    pub(super) fn note_fault(&self, request: u64, fault: Fault) {
        self.fault.store(fault.number(), Ordering::Relaxed);
        self.faulty.store(request, Ordering::Release);
    }

    /// What is wrong with its body.
    pub(super) fn fault_of(&self, request: u64) -> Option<Fault> {
        if self.faulty.load(Ordering::Acquire) != request {
            return None;
        }
        Fault::numbered(self.fault.load(Ordering::Relaxed))
    }

    pub(super) fn expect_bodies_until(&self, deadline: Instant) {
        // Only the first time counts.
        let _ = self.bodies_until.set(deadline);
    }

    pub(super) fn bodies_until(&self) -> Option<Instant> {
        self.bodies_until.get().copied()
    }
}

/// Counts a request as under way until its answer is over.
#[derive(Debug)]
pub(super) struct Answering(Arc<Link>);

impl Answering {
    pub(super) fn new(link: &Arc<Link>) -> Self {
        link.answering.fetch_add(1, Ordering::AcqRel);
        Self(Arc::clone(link))
    }
}

impl Drop for Answering {
    fn drop(&mut self) {
        self.0.answering.fetch_sub(1, Ordering::AcqRel);
        self.0.reader.wake();
    }
}
