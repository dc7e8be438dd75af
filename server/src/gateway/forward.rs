//! Handles a call from its request to its record.

use std::{borrow::Cow, sync::Arc};

use axum::{body::Body, extract::Request, http::HeaderMap};
use domain::calls::RejectionRule;
use services::{api_keys::directory::KeyRecord, metering::CallRecord};
use tokio::time::Instant;

use super::{
    Gateway,
    accept::{ForwardedRequest, Preparation, prepare},
    attempt_log::AttemptLog,
    bodies::{Capture, find_exclusion},
    call::{Arrival, CallEnd, GatewayCall},
    call_guard::CallGuard,
    limits::AnswerSender,
    provider::ProviderRequest,
    relay::{
        binary, events, json,
        shape::{AnswerShape, detect_shape},
    },
    requested_model,
    routing::{self, NoAnswer},
    tags,
    timing::{CallTiming, ClientTime},
};
use crate::v1::error::V1Error;

/// Handles a call until it is over and recorded.
pub(super) async fn handle(
    gateway: &Gateway,
    mut arrival: Arrival,
    request: Request,
    mut reply: AnswerSender,
    capture: Capture,
) {
    let (parts, body) = request.into_parts();
    let client = ClientTime::default();
    let body = client.measure(body);
    let key = match gateway.admit(&parts, arrival.endpoint.scope).await {
        Ok(key) => key,
        Err(rejection) => {
            if let Some(key) = rejection.key {
                record_unread(gateway, &arrival, &key, (&parts.headers, body), &rejection.refusal).await;
            }
            return answer_refusal(gateway, &arrival, reply, &rejection.refusal);
        }
    };
    match find_exclusion(&key, &parts.headers) {
        Ok(Some(exclusion)) => arrival.body_exclusion = Some(exclusion).filter(|_| key.bodies().days.is_some()),
        Ok(None) => capture.admit(&key, &parts.headers),
        Err(refusal) => {
            record_unread(gateway, &arrival, &key, (&parts.headers, body), &refusal).await;
            return answer_refusal(gateway, &arrival, reply, &refusal);
        }
    }
    let max_calls = gateway.limits().max_calls_by_key;
    let Some(registration) = gateway.running.enter(arrival.id, key.api_key_id, max_calls) else {
        let refusal = V1Error::too_many_at_once(max_calls);
        record_unread(gateway, &arrival, &key, (&parts.headers, body), &refusal).await;
        return answer_refusal(gateway, &arrival, reply, &refusal);
    };
    let mut guard = CallGuard::new(registration);
    // Lists are paced by their own code, if they call providers.
    let paced = if arrival.endpoint.is_list() { Ok(None) } else { gateway.pace(&key) };
    match paced {
        Ok(permit) => guard.hold(permit),
        Err(refusal) => {
            reply.add_headers(gateway.limit_headers(&key));
            record_unread(gateway, &arrival, &key, (&parts.headers, body), &refusal).await;
            return answer_refusal(gateway, &arrival, reply, &refusal);
        }
    }
    if let Err(refusal) = tags::of_headers(&parts.headers) {
        drop(guard);
        record_unread(gateway, &arrival, &key, (&parts.headers, body), &refusal).await;
        return answer_refusal(gateway, &arrival, reply, &refusal);
    }
    let forward = match prepare(gateway, &arrival, &key, parts, body).await {
        Ok(Preparation::Forward(forward)) => *forward,
        Ok(Preparation::Answer(response)) => {
            let _ = reply.send(response);
            return;
        }
        Err(rejection) => {
            // Before the client learns of it and tries again.
            drop(guard);
            if let Some((refusal, model)) = rejection {
                let is_offered = refusal.rule != RejectionRule::UnknownModel;
                let offered = if is_offered { Arc::clone(&model) } else { Arc::default() };
                record_refusal(gateway, arrival.record_of_refusal(&key, offered, &model, &refusal)).await;
                answer_refusal(gateway, &arrival, reply, &refusal);
            }
            return;
        }
    };
    let ForwardedRequest { offer, request, mut context } = forward;
    arrival.received_at = Instant::now();
    let tags = std::mem::take(&mut context.tags).without(key.redacted_fields());
    tags.add_to(&mut arrival.tags, arrival.endpoint.dialect);
    let weighed = gateway.weigh(&mut guard, &request);
    reply.add_headers(gateway.limit_headers(&key));
    if let Err(refusal) = weighed {
        let record = arrival.record_of_refusal(&key, Arc::clone(&offer.name), &offer.name, &refusal);
        record_refusal(gateway, record).await;
        return answer_refusal(gateway, &arrival, reply, &refusal);
    }
    if let Err(error) = guard.begin(&gateway.meter, &arrival.record_at_start(&key, Arc::clone(&offer.name))) {
        tracing::warn!(call = %arrival.id, %error, "a call can't be taken");
        return answer_refusal(gateway, &arrival, reply, &V1Error::unavailable());
    }
    capture.mark_forwarded();
    let services = gateway.services.clone();
    let timing = CallTiming::new(client);
    let attempts = AttemptLog::default();
    let mut call = GatewayCall { arrival, key, offer, services, context, guard, timing, attempts };
    send(gateway, &mut call, request, reply).await;
}

/// Sends the request to a provider, and relays the answer. Long relays have their state in a box, so that
/// other calls don't reserve space for it.
async fn send(gateway: &Gateway, call: &mut GatewayCall, request: ProviderRequest, reply: AnswerSender) {
    match routing::send_to_providers(gateway, call, request).await {
        Ok((provider, response)) => match detect_shape(gateway, call, &provider, response).await {
            Ok((AnswerShape::Events, response)) => {
                Box::pin(events::relay(gateway, call, provider, response, reply)).await;
            }
            Ok((AnswerShape::Bytes, response)) => {
                Box::pin(binary::relay(gateway, call, provider, response, reply)).await
            }
            Ok((AnswerShape::Whole, response)) => json::relay(gateway, call, provider, response, reply).await,
            Err(refusal) => json::record_broken(gateway, call, &provider, &refusal, reply).await,
        },
        Err(NoAnswer { provider, refusal, outcome, free }) => {
            let end = CallEnd {
                provider,
                status: refusal.status.as_u16(),
                outcome,
                streamed: false,
                used: None,
                free,
                first_byte_us: None,
                error_code: Cow::Borrowed(refusal.code),
            };
            json::record_then_refuse(gateway, call, end, &refusal, reply).await;
        }
    }
}

/// Records a call that was rejected before its body was read.
async fn record_unread(
    gateway: &Gateway,
    arrival: &Arrival,
    key: &KeyRecord,
    (headers, body): (&HeaderMap, Body),
    refusal: &V1Error,
) {
    let requested = requested_model::read(headers, body).await;
    let offered = gateway.offer(&requested).map(|offer| Arc::clone(&offer.name)).unwrap_or_default();
    record_refusal(gateway, arrival.record_of_refusal(key, offered, &requested, refusal)).await;
}

/// Records a rejected call in the key's log. The answer doesn't depend on whether that succeeds.
async fn record_refusal(gateway: &Gateway, record: CallRecord) {
    gateway.refusals.record(record).await;
}

fn answer_refusal(gateway: &Gateway, arrival: &Arrival, reply: AnswerSender, refusal: &V1Error) {
    gateway.metrics().record_refusal(refusal.code);
    // Fails if the client has gone.
    let _ = reply.send(arrival.error_response(refusal));
}
