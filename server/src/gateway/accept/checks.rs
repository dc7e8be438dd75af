//! Checks the models and objects that a request names.

use std::sync::Arc;

use super::{Rejection, RequestBuilder};
use crate::{
    gateway::{offers::Offer, references::Mentions},
    v1::{dialect::Dialect, error::V1Error},
};

impl RequestBuilder<'_> {
    /// Checks that mentioned objects are the caller's, and limits the offer to the providers that keep them.
    pub(super) async fn check_mentions(&self, mentions: &Mentions, offer: Arc<Offer>) -> Result<Arc<Offer>, Rejection> {
        let with_model = |refusal| Some((refusal, Arc::clone(&offer.name)));
        let allowed = mentions.check(self.gateway, self.key).await.map_err(with_model)?;
        if allowed.is_unlimited() || offer.providers.iter().all(|provider| allowed.includes(&provider.name)) {
            return Ok(offer);
        }
        let narrowed = offer.limited_to(|provider| allowed.includes(&provider.name));
        if narrowed.providers.is_empty() {
            let message = "The request refers to an object that is stored by a different provider than the model's.";
            return Err(with_model(V1Error::malformed(message)));
        }
        Ok(Arc::new(narrowed))
    }

    /// Finds the model of this name, if it is on offer for the key and the path, with the providers that
    /// speak the path's dialect.
    pub(super) fn offer(&self, model: &str) -> Result<Arc<Offer>, Rejection> {
        let endpoint = self.endpoint();
        let offer =
            self.gateway.offer(model).ok_or_else(|| Some((V1Error::model_not_found(model), Arc::from(model))))?;
        let with_model = |refusal| Some((refusal, Arc::clone(&offer.name)));
        if !self.key.allows_model(&offer.name) {
            return Err(with_model(V1Error::model_not_allowed(&offer.name)));
        }
        if offer.service != endpoint.service {
            let message = format!("{:?} is a model for {}, so it isn't available here.", offer.name, offer.service);
            return Err(with_model(V1Error::invalid("model", message)));
        }
        if offer.providers.iter().all(|provider| provider.supports(endpoint.dialect)) {
            return Ok(offer);
        }
        let narrowed = offer.limited_to(|provider| provider.supports(endpoint.dialect));
        if narrowed.providers.is_empty() {
            let (other, path) = match endpoint.dialect {
                Dialect::OpenAi => ("Anthropic's", "/v1/messages"),
                Dialect::Anthropic => ("OpenAI's", "/v1/chat/completions"),
            };
            let message = format!("{:?} uses {other} API, and requests aren't translated. Use {path}.", offer.name);
            return Err(with_model(V1Error::invalid("model", message)));
        }
        Ok(Arc::new(narrowed))
    }
}
