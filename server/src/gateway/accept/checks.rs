//! Which models and objects a request may name.

use std::sync::Arc;

use services::objects::Kind;

use super::{Taking, TurnedAway, nothing};
use crate::gateway::{
    body::{RequestBody, references},
    endpoint::Dialect,
    objects,
    offers::Offer,
    refusal::Refusal,
};

impl Taking<'_> {
    /// What a body refers to must be the asker's, and at a provider of the model.
    pub(super) async fn check_references(&self, body: &RequestBody, offer: &Offer) -> Result<(), Refusal> {
        let files = references::files(body.bytes());
        if files.len() > references::MOST_FILES {
            let message = format!("Refer to at most {} files.", references::MOST_FILES);
            return Err(Refusal::invalid("file_id", message));
        }
        let files = files.iter().map(|id| (Kind::File, "file_id", id));
        let named = body.references.iter().map(|reference| (reference.kind, reference.param, &reference.id));
        for (kind, param, id) in named.chain(files) {
            let known = objects::find(self.gateway, self.key, kind, id).await;
            let known = known.map_err(|refusal| refusal.of_param(param))?;
            if !offer.providers.iter().any(|provider| *provider.name == *known.provider()) {
                return Err(Refusal::invalid(param, "Another provider keeps this than the model's."));
            }
        }
        Ok(())
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
        let narrowed = offer.speaking(endpoint.dialect);
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
