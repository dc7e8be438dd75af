//! Counts running calls.

use crate::gateway::Gateway;

/// Counts a call as running until it is dropped.
pub(in crate::gateway) struct RunningGuard(Gateway);

impl RunningGuard {
    pub(in crate::gateway) fn new(gateway: &Gateway) -> Self {
        gateway.calls.send_if_modified(|calls| {
            *calls += 1;
            false
        });
        Self(gateway.clone())
    }
}

impl Drop for RunningGuard {
    fn drop(&mut self) {
        // Receivers wait only for the last call to end.
        self.0.calls.send_if_modified(|calls| {
            *calls -= 1;
            *calls == 0
        });
    }
}
