//! How many calls are under way.

use crate::gateway::Gateway;

/// Counts a call as long as it lives.
pub(in crate::gateway) struct UnderWay(Gateway);

impl UnderWay {
    pub(in crate::gateway) fn new(gateway: &Gateway) -> Self {
        gateway.calls.send_if_modified(|calls| {
            *calls += 1;
            false
        });
        Self(gateway.clone())
    }
}

impl Drop for UnderWay {
    fn drop(&mut self) {
        // Whoever waits waits for none to be left.
        self.0.calls.send_if_modified(|calls| {
            *calls -= 1;
            *calls == 0
        });
    }
}
