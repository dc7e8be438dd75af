//! What is kept of a stream.

use axum::http::StatusCode;
use domain::{
    calls::{Measured, Outcome},
    money::Quantities,
};

use super::Relay;
use crate::gateway::{
    Gateway,
    estimate::{Prompt, complete, estimate},
    provider::Provider,
    provider_objects,
};

impl Relay<'_> {
    /// What was used: as reported, or where that isn't known, or not all of it, as estimated.
    pub(super) async fn used(&mut self, prompt: Prompt, outcome: Outcome) -> Option<(Measured, Quantities)> {
        let (dialect, counts) = (self.call.arrival.endpoint.dialect, self.call.arrival.endpoint.counts);
        // What was counted before anything was said isn't all that was used by a stream that broke off.
        let is_all = |output: i64| outcome != Outcome::Interrupted || output > 0 || self.said.is_nothing();
        if let Some(used) = self.reports.quantities(dialect, counts).filter(|(_, used)| is_all(used.tokens_out)) {
            return Some(used);
        }
        let said = std::mem::take(&mut self.said);
        let used = match self.reports.begun(dialect) {
            // The provider charges for what it did, also where that ended badly.
            Some(begun) => Some(complete(begun, said).await),
            None if outcome == Outcome::Failed || !self.call.is_estimated() => None,
            None => estimate(prompt, said).await,
        };
        used.map(|used| (Measured::Estimated, used))
    }

    /// What a stream made is asked for by its id; the rest of it isn't kept here.
    pub(super) async fn note(&mut self, gateway: &Gateway, provider: &Provider) {
        let Some(id) = self.id.take() else { return };
        let document = serde_json::json!({ "id": id }).to_string();
        let noted = provider_objects::note(gateway, self.call, provider, StatusCode::OK, document.as_bytes()).await;
        if let Err(error) = noted {
            tracing::error!(call = %self.call.arrival.id, %error, "what a provider keeps can't be remembered");
        }
    }
}
