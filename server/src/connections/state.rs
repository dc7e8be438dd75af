//! State shared by the two ends of a connection: the one that reads its bytes, and the one that answers.

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

use super::fault::ConnectionFault;
use crate::config::ConnectionLimits;

/// The state of a connection, shared by all that work on it.
#[derive(Debug)]
pub(super) struct ConnectionState {
    pub(super) limits: ConnectionLimits,
    began: Instant,
    /// Requests that were read and not completely answered.
    active_requests: AtomicU32,
    /// The reader's task, which waits for an answer to end.
    reader: AtomicWaker,
    /// Whether the connection was upgraded and isn't HTTP any more.
    upgraded: AtomicBool,
    /// When the connection became quiet: milliseconds since its beginning, plus 1; 0 while a request is open.
    quiet_since: AtomicU64,
    /// The number, from 1, of the request with a faulty body; 0 for none.
    faulty_request: AtomicU64,
    fault: AtomicU8,
    /// Deadline for complete bodies, set when the server stops.
    body_deadline: OnceLock<Instant>,
    /// Ends the connection once its open requests are answered.
    pub(super) shutdown_token: CancellationToken,
    /// Breaks the connection off.
    pub(super) abort_token: CancellationToken,
}

impl ConnectionState {
    pub(super) fn new(limits: ConnectionLimits) -> Self {
        Self {
            limits,
            began: Instant::now(),
            active_requests: AtomicU32::new(0),
            reader: AtomicWaker::new(),
            upgraded: AtomicBool::new(false),
            quiet_since: AtomicU64::new(1),
            faulty_request: AtomicU64::new(0),
            fault: AtomicU8::new(0),
            body_deadline: OnceLock::new(),
            shutdown_token: CancellationToken::new(),
            abort_token: CancellationToken::new(),
        }
    }

    pub(super) fn began(&self) -> Instant {
        self.began
    }

    pub(super) fn is_answering(&self) -> bool {
        self.active_requests.load(Ordering::Acquire) > 0
    }

    /// Like [`Self::is_answering`]; wakes `reader` once the answer has ended.
    pub(super) fn is_answering_with_waker(&self, reader: &Waker) -> bool {
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

    pub(super) fn mark_quiet(&self) {
        if self.quiet_since.load(Ordering::Relaxed) == 0 {
            let now = u64::try_from(self.began.elapsed().as_millis()).unwrap_or(u64::MAX - 1);
            self.quiet_since.store(now + 1, Ordering::Relaxed);
        }
    }

    pub(super) fn mark_busy(&self) {
        self.quiet_since.store(0, Ordering::Relaxed);
    }

    /// When the connection became quiet; `None` while it has an open request, or if it is already closing.
    pub(super) fn quiet_since(&self) -> Option<Instant> {
        let since = self.quiet_since.load(Ordering::Relaxed).checked_sub(1)?;
        if self.shutdown_token.is_cancelled() || self.is_answering() {
            return None;
        }
        self.began.checked_add(Duration::from_millis(since))
    }

    /// Stores the fault in the body of the request with this number.
    pub(super) fn set_fault(&self, request: u64, fault: ConnectionFault) {
        self.fault.store(fault.number(), Ordering::Relaxed);
        self.faulty_request.store(request, Ordering::Release);
    }

    /// The fault in the body of the request with this number.
    pub(super) fn fault_of(&self, request: u64) -> Option<ConnectionFault> {
        if self.faulty_request.load(Ordering::Acquire) != request {
            return None;
        }
        ConnectionFault::from_number(self.fault.load(Ordering::Relaxed))
    }

    pub(super) fn set_body_deadline(&self, deadline: Instant) {
        // Only the first call counts.
        let _ = self.body_deadline.set(deadline);
    }

    pub(super) fn body_deadline(&self) -> Option<Instant> {
        self.body_deadline.get().copied()
    }
}

/// Counts a request as active until its answer is over.
#[derive(Debug)]
pub(super) struct ActiveRequest(Arc<ConnectionState>);

impl ActiveRequest {
    pub(super) fn new(state: &Arc<ConnectionState>) -> Self {
        state.active_requests.fetch_add(1, Ordering::AcqRel);
        Self(Arc::clone(state))
    }
}

impl Drop for ActiveRequest {
    fn drop(&mut self) {
        self.0.active_requests.fetch_sub(1, Ordering::AcqRel);
        self.0.reader.wake();
    }
}
