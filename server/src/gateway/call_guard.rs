//! What a running call holds, in one value that gives all of it back once, however the call ends.

use std::{
    mem,
    sync::{Mutex, PoisonError},
};

use domain::{calls::CountSource, time::Timestamp};
use services::{
    ServiceError, ServiceResult,
    metering::{CallRecord, Meter, OpenCall},
    rate_limits::{LimitExceeded, Permit},
};

use super::running::{CancelOnLeak, KeyLeaked};

/// What a running call holds: its registration, by which it is cancelled if its key leaks; its share of the rate limits; and,
/// once it is forwarded, its entry in the journal. [`settle`](Self::settle) ends all of them.
///
/// Dropped before that (the client left, the call was refused, or its code panicked), a call that wasn't forwarded counts
/// nowhere; one that was is recorded as interrupted, since its provider may charge it, and its tokens stay an estimate.
pub(super) struct CallGuard {
    registration: CancelOnLeak,
    holdings: Mutex<Holdings>,
}

/// What is settled together.
#[derive(Default)]
struct Holdings {
    /// `None` without limits.
    permit: Option<Permit>,
    /// `None` until the call is forwarded, and once it is settled.
    open: Option<OpenCall>,
}

impl CallGuard {
    pub(super) fn new(registration: CancelOnLeak) -> Self {
        Self { registration, holdings: Mutex::default() }
    }

    /// Runs `future` until the call's key leaks.
    pub(super) fn run<F: Future>(&self, future: F) -> impl Future<Output = Result<F::Output, KeyLeaked>> {
        self.registration.run(future)
    }

    /// Holds the call's share of the rate limits.
    pub(super) fn hold(&mut self, permit: Option<Permit>) {
        self.holdings_mut().permit = permit;
    }

    /// Counts the call's estimated tokens; if they exceed a limit, the call counts nowhere.
    pub(super) fn weigh(&mut self, now: Timestamp, tokens: impl FnOnce() -> u64) -> Result<(), LimitExceeded> {
        let holdings = self.holdings_mut();
        let Some(permit) = &mut holdings.permit else { return Ok(()) };
        permit.weigh(now, tokens()).inspect_err(|_| holdings.cancel_permit())
    }

    /// Writes down that the call is about to be forwarded.
    ///
    /// # Errors
    /// No calls can be taken: [`Meter::begin`]. The call then counts nowhere.
    pub(super) fn begin(&mut self, meter: &Meter, call: &CallRecord) -> ServiceResult<()> {
        let holdings = self.holdings_mut();
        holdings.open = Some(meter.begin(call).inspect_err(|_| holdings.cancel_permit())?);
        Ok(())
    }

    /// Records the call durably, and corrects its tokens to those it used.
    ///
    /// # Errors
    /// The journal can't be written, or the call was settled before, which changes nothing.
    pub(super) async fn settle(&self, now: Timestamp, call: CallRecord) -> ServiceResult<()> {
        let Holdings { permit, open } = mem::take(&mut *self.holdings.lock().unwrap_or_else(PoisonError::into_inner));
        let Some(open) = open else {
            return Err(ServiceError::Internal(format!("{} isn't under way, so it can't be settled", call.id)));
        };
        if let (Some(permit), true) = (permit, call.measured != CountSource::Unknown) {
            permit.settle(now, call.used.tokens_in.saturating_add(call.used.tokens_out).unsigned_abs());
        }
        open.end(call).await
    }

    fn holdings_mut(&mut self) -> &mut Holdings {
        self.holdings.get_mut().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Holdings {
    fn cancel_permit(&mut self) {
        if let Some(permit) = self.permit.take() {
            permit.cancel();
        }
    }
}

impl Drop for CallGuard {
    fn drop(&mut self) {
        let holdings = self.holdings_mut();
        // A forwarded call keeps its counts. A settled one has no permit any more.
        if holdings.open.is_none() {
            holdings.cancel_permit();
        }
    }
}

#[cfg(test)]
mod tests;
