//! Records a stream's usage and the object that it created.

use axum::http::StatusCode;
use domain::{
    calls::{CountSource, Outcome},
    money::Quantities,
};

use super::EventRelay;
use crate::gateway::{
    Gateway,
    estimate::{Prompt, complete, estimate},
    provider::Provider,
    provider_objects,
};

impl EventRelay<'_> {
    /// Returns the usage as reported, or as estimated if the report is missing or incomplete.
    pub(super) async fn used(&mut self, prompt: Prompt, outcome: Outcome) -> Option<(CountSource, Quantities)> {
        let (dialect, counts) = (self.call.arrival.endpoint.dialect, self.call.arrival.endpoint.metered_unit);
        // A count before any output isn't the whole usage of a stream that broke off.
        let is_complete = |output: i64| outcome != Outcome::Interrupted || output > 0 || self.output.is_empty();
        if let Some(used) = self.reports.quantities(dialect, counts).filter(|(_, used)| is_complete(used.tokens_out)) {
            return Some(used);
        }
        let output = std::mem::take(&mut self.output);
        let bounds = &self.call.context.bounds;
        let used = match self.reports.input_quantities(dialect) {
            // The provider charges for its work, even if that failed.
            Some(input) => Some(complete(input, output, bounds).await),
            None if outcome == Outcome::Failed || !self.call.is_estimated() => None,
            None => estimate(prompt, output, bounds).await,
        };
        used.map(|used| (CountSource::Estimated, used))
    }

    /// Remembers the object that a stream created by its id, for later requests; its content isn't kept.
    pub(super) async fn remember_object(&mut self, gateway: &Gateway, provider: &Provider) {
        let Some(id) = self.id.take() else { return };
        let document = serde_json::json!({ "id": id }).to_string();
        let remembered =
            provider_objects::remember_answer(gateway, self.call, provider, StatusCode::OK, document.as_bytes()).await;
        if let Err(error) = remembered {
            tracing::error!(call = %self.call.arrival.id, %error, "what a provider keeps can't be remembered");
        }
    }
}
