//! The attempts of a call with its providers, for its log.

use std::sync::{Mutex, PoisonError};

use domain::calls::{CallAttempt, MAX_STORED_ATTEMPTS};

/// The attempts of one call, in their order.
#[derive(Debug, Default)]
pub(super) struct AttemptLog(Mutex<Vec<CallAttempt>>);

impl AttemptLog {
    /// Adds an attempt that is over.
    pub(super) fn add(&self, attempt: CallAttempt) {
        let mut attempts = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if attempts.len() < MAX_STORED_ATTEMPTS {
            attempts.push(attempt);
        }
    }

    /// Returns the attempts of a call that took several. The only one of other calls says nothing that the call
    /// itself doesn't.
    pub(super) fn to_stored(&self) -> Vec<CallAttempt> {
        let attempts = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if attempts.len() > 1 { attempts.clone() } else { Vec::new() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn several_attempts_are_stored_up_to_a_maximum() {
        let log = AttemptLog::default();
        log.add(CallAttempt::default());
        assert!(log.to_stored().is_empty());
        for number in 0..2 * MAX_STORED_ATTEMPTS {
            log.add(CallAttempt { provider: number.to_string(), ..CallAttempt::default() });
        }
        let stored = log.to_stored();
        assert_eq!((stored.len(), stored[1].provider.as_str()), (MAX_STORED_ATTEMPTS, "0"));
    }
}
