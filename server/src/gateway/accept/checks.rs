//! Which models and objects a request may name.

use std::sync::Arc;

use super::{Taking, TurnedAway, nothing};
use crate::{
    gateway::{endpoint::Dialect, offers::Offer, references::Mentions},
    v1::error::Refusal,
};

impl Taking<'_> {
    /// What the request mentions must be the asker's, and at a provider of the model: the call goes to no other.
    pub(super) async fn check_mentions(
        &self,
        mentions: &Mentions,
        offer: Arc<Offer>,
    ) -> Result<Arc<Offer>, TurnedAway> {
        let about = |refusal| Some((refusal, Arc::clone(&offer.name)));
        let may = mentions.check(self.gateway, self.key).await.map_err(about)?;
        if may.is_unlimited() || offer.providers.iter().all(|provider| may.go_to(&provider.name)) {
            return Ok(offer);
        }
        let narrowed = offer.by(|provider| may.go_to(&provider.name));
        if narrowed.providers.is_empty() {
            let message = "What the request refers to is kept by another provider than the model's.";
            return Err(about(Refusal::malformed(message)));
        }
        Ok(Arc::new(narrowed))
    }

    /// The model of this name, if it is on offer to this key and for this path, with the providers that understand it.
    pub(super) fn offer(&self, model: &str) -> Result<Arc<Offer>, TurnedAway> {
        let endpoint = self.endpoint();
        let offer = self.gateway.offer(model).ok_or_else(|| nothing(Refusal::model_not_found(model)))?;
        let about = |refusal| Some((refusal, Arc::clone(&offer.name)));
        if !self.key.allows_model(&offer.name) {
            return Err(about(Refusal::model_not_allowed(&offer.name)));
        }
        if offer.service != endpoint.service {
            let message = format!("{:?} is a model for {}, which this path isn't for.", offer.name, offer.service);
            return Err(about(Refusal::invalid("model", message)));
        }
        if offer.providers.iter().all(|provider| provider.speaks(endpoint.dialect)) {
            return Ok(offer);
        }
        let narrowed = offer.by(|provider| provider.speaks(endpoint.dialect));
        if narrowed.providers.is_empty() {
            let (other, path) = match endpoint.dialect {
                Dialect::OpenAi => ("Anthropic's", "/v1/messages"),
                Dialect::Anthropic => ("OpenAI's", "/v1/chat/completions"),
            };
            let message = format!(
                "{:?} is answered by a provider with {other} API, and calls aren't translated. Call it by {path}.",
                offer.name
            );
            return Err(about(Refusal::invalid("model", message)));
        }
        Ok(Arc::new(narrowed))
    }
}
