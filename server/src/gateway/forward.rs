//! A call's way from the client to a provider.

use std::{borrow::Cow, sync::Arc};

use axum::extract::Request;
use services::{api_keys::directory::KeyRecord, rate_limits::Permit};
use tokio::time::Instant;

use super::{
    Gateway,
    accept::{Accepted, Forward, accept},
    bodies::Capture,
    call::{Arrival, Call, End},
    limits::Reply,
    provider::ProviderRequest,
    relay::{
        binary, events, json,
        shape::{Shape, shape},
    },
    routing::{self, Unanswered},
    timing::{ClientTime, Timing},
};
use crate::v1::error::Refusal;

/// Works on a call until it is over and stored.
pub(super) async fn handle(
    gateway: &Gateway,
    mut arrival: Arrival,
    request: Request,
    mut reply: Reply,
    capture: Capture,
) {
    let (parts, body) = request.into_parts();
    let client = ClientTime::default();
    let body = client.of(body);
    let key = match gateway.admit(&parts, arrival.endpoint.scope).await {
        Ok(key) => key,
        Err(denied) => {
            if let Some(key) = denied.key {
                record_refusal(gateway, &arrival, &key, Arc::default(), &denied.refusal).await;
            }
            return answer_refusal(gateway, &arrival, reply, &denied.refusal);
        }
    };
    capture.admit(&key, &parts.headers);
    let most = gateway.limits().max_calls_by_key;
    let Some(lifeline) = gateway.running.enter(arrival.id, key.api_key_id, most) else {
        let refusal = Refusal::too_many_at_once(most);
        record_refusal(gateway, &arrival, &key, Arc::default(), &refusal).await;
        return answer_refusal(gateway, &arrival, reply, &refusal);
    };
    // A list that is a call counts as one by itself.
    let paced = if arrival.endpoint.is_list() { Ok(None) } else { gateway.pace(&key) };
    let permit = match paced {
        Ok(permit) => permit,
        Err(refusal) => {
            reply.tell(gateway.standing_headers(&key));
            record_refusal(gateway, &arrival, &key, Arc::default(), &refusal).await;
            return answer_refusal(gateway, &arrival, reply, &refusal);
        }
    };
    let forward = match accept(gateway, &arrival, &key, parts, body).await {
        Ok(Accepted::Forward(forward)) => *forward,
        Ok(Accepted::Here(response)) => {
            let _ = reply.send(response);
            return;
        }
        Err(turned_away) => {
            permit.into_iter().for_each(Permit::cancel);
            if let Some((refusal, model)) = turned_away {
                record_refusal(gateway, &arrival, &key, model, &refusal).await;
                answer_refusal(gateway, &arrival, reply, &refusal);
            }
            return;
        }
    };
    let Forward { offer, request, memo } = forward;
    arrival.complete = Instant::now();
    let weighed = gateway.weigh(permit, &request);
    reply.tell(gateway.standing_headers(&key));
    let permit = match weighed {
        Ok(permit) => permit,
        Err(refusal) => {
            record_refusal(gateway, &arrival, &key, Arc::clone(&offer.name), &refusal).await;
            return answer_refusal(gateway, &arrival, reply, &refusal);
        }
    };
    let _open = match gateway.meter.begin(&arrival.begun(&key, Arc::clone(&offer.name))) {
        Ok(open) => open,
        Err(error) => {
            tracing::warn!(call = %arrival.id, %error, "a call can't be taken");
            permit.into_iter().for_each(Permit::cancel);
            return answer_refusal(gateway, &arrival, reply, &Refusal::unavailable());
        }
    };
    capture.forwarded();
    let services = gateway.services.clone();
    let timing = Timing::new(client);
    let mut call = Call { arrival, key, offer, services, memo, lifeline, permit, timing, _open };
    send(gateway, &mut call, request, reply).await;
}

/// What takes long has its state in a box of its own, so that other calls don't need the room for it.
async fn send(gateway: &Gateway, call: &mut Call, request: ProviderRequest, reply: Reply) {
    match routing::ask(gateway, call, request).await {
        Ok((provider, response)) => match shape(gateway, call, &provider, response).await {
            Ok((Shape::Events, response)) => {
                Box::pin(events::relay(gateway, call, provider, response, reply)).await;
            }
            Ok((Shape::Bytes, response)) => Box::pin(binary::relay(gateway, call, provider, response, reply)).await,
            Ok((Shape::Whole, response)) => json::relay(gateway, call, provider, response, reply).await,
            Err(refusal) => json::record_broken(gateway, call, &provider, &refusal, reply).await,
        },
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
            json::record_then_refuse(gateway, call, end, &refusal, reply).await;
        }
    }
}

/// Keeps a refusal in the key's log. That it can't be stored is no reason to answer otherwise.
async fn record_refusal(gateway: &Gateway, arrival: &Arrival, key: &KeyRecord, model: Arc<str>, refusal: &Refusal) {
    gateway.refusals.record(arrival.refused(key, model, refusal)).await;
}

fn answer_refusal(gateway: &Gateway, arrival: &Arrival, reply: Reply, refusal: &Refusal) {
    gateway.metrics().refused(refusal.code);
    // Where nobody waits any more, nobody is told.
    let _ = reply.send(arrival.refusal(refusal));
}
