//! A call's way from the client to a provider.

use std::{borrow::Cow, sync::Arc};

use axum::{body::Body, extract::Request, http::HeaderMap, response::Response as Answer};
use services::{api_keys::directory::KeyRecord, models::current_price};
use tokio::sync::oneshot;

use super::{
    Gateway, answer,
    body::RequestBody,
    call::{Arrival, Call, End},
    collect::{CollectError, Within, collect},
    headers,
    offers::Offer,
    provider::ProviderRequest,
    refusal::Refusal,
    routing::{self, Unanswered},
    stream,
};

/// Where the answer goes; closed when the client has hung up before it began.
pub(super) type Reply = oneshot::Sender<Answer>;

/// Works on a call until it is over and stored.
pub(super) async fn handle(gateway: &Gateway, arrival: Arrival, request: Request, reply: Reply) {
    let (parts, body) = request.into_parts();
    let key = match gateway.admit(&parts, arrival.endpoint.scope()).await {
        Ok(key) => key,
        Err(denied) => {
            if let Some(key) = denied.key {
                record_refusal(gateway, &arrival, &key, Arc::default(), &denied.refusal).await;
            }
            return answer_refusal(reply, &denied.refusal);
        }
    };
    let lifeline = gateway.running.enter(arrival.id, key.api_key_id);
    let (body, offer) = match accept(gateway, &arrival, &key, body).await {
        Ok(accepted) => accepted,
        Err(turned_away) => {
            if let Some((refusal, model)) = turned_away {
                record_refusal(gateway, &arrival, &key, model, &refusal).await;
                answer_refusal(reply, &refusal);
            }
            return;
        }
    };
    let price = current_price(&gateway.services, &offer.name);
    forward(gateway, Call { arrival, key, offer, price, lifeline }, parts.headers, body, reply).await;
}

/// A refusal with the model it is about, which is one on offer or empty; nothing where the client left while sending.
type TurnedAway = Option<(Refusal, Arc<str>)>;

/// Reads the body, and checks that its model is on offer, for this path, to this key.
async fn accept(
    gateway: &Gateway,
    arrival: &Arrival,
    key: &KeyRecord,
    mut body: Body,
) -> Result<(RequestBody, Arc<Offer>), TurnedAway> {
    let limits = &gateway.limits;
    let within = Within {
        bytes: limits.max_body_bytes,
        idle: limits.idle_timeout,
        deadline: arrival.instant + limits.total_timeout,
    };
    let nothing = |refusal| Some((refusal, Arc::default()));
    let bytes = collect(&mut body, within).await.map_err(|error| match error {
        CollectError::TooLarge => nothing(Refusal::body_too_large(limits.max_body_bytes)),
        CollectError::TooSlow => nothing(Refusal::body_too_slow()),
        CollectError::Broken => None,
    })?;
    let body = RequestBody::read(bytes).map_err(nothing)?;
    let offer = gateway.offers.get(&body.model).ok_or_else(|| nothing(Refusal::model_not_found(&body.model)))?;
    let about = |refusal| Some((refusal, Arc::clone(&offer.name)));
    if !key.allows_model(&offer.name) {
        return Err(about(Refusal::model_not_allowed(&offer.name)));
    }
    if offer.service != arrival.endpoint.service() {
        let message = format!("{:?} is a model for {}, which this path isn't for.", offer.name, offer.service);
        return Err(about(Refusal::invalid("model", message)));
    }
    Ok((body, Arc::clone(offer)))
}

async fn forward(gateway: &Gateway, call: Call, headers: HeaderMap, body: RequestBody, reply: Reply) {
    let reports_usage = call.arrival.endpoint.streams() && body.stream;
    let request = ProviderRequest {
        endpoint: call.arrival.endpoint,
        headers: headers::for_provider(headers),
        body: body.spliced(&call.offer.upstream_json, reports_usage),
    };
    let wants_usage_chunk = !reports_usage || body.wants_usage_chunk();
    // The request's own copy isn't needed while the provider works on its answer.
    drop(body);
    match routing::ask(gateway, &call, request).await {
        Ok((provider, response)) if headers::is_event_stream(response.headers()) => {
            stream::relay(gateway, call, provider, response, wants_usage_chunk, reply).await;
        }
        Ok((provider, response)) => answer::relay(gateway, call, provider, response, reply).await,
        Err(Unanswered { provider, refusal, outcome, free }) => {
            let end = End {
                provider,
                status: refusal.status.as_u16(),
                outcome,
                streamed: false,
                used: None,
                free,
                first_byte_us: None,
                error_code: Cow::Borrowed(refusal.code),
            };
            answer::record_then_refuse(gateway, &call, end, &refusal, reply).await;
        }
    }
}

/// Keeps a refusal in the key's log. That it can't be stored is no reason to answer otherwise.
async fn record_refusal(gateway: &Gateway, arrival: &Arrival, key: &KeyRecord, model: Arc<str>, refusal: &Refusal) {
    if gateway.meter.record(arrival.refused(key, model, refusal)).await.is_err() {
        tracing::warn!(call = %arrival.id, "a refusal isn't in the log");
    }
}

fn answer_refusal(reply: Reply, refusal: &Refusal) {
    // Where nobody waits any more, nobody is told.
    let _ = reply.send(refusal.response());
}
