//! `GET /v1/models`: the models a key may call, in the form of OpenAI's API reference, or of Anthropic's if
//! the request has its headers.
//!
//! OpenAI's entries are extended by a model's service, its paths and its token limits, so that a client can
//! offer only models that it can call. Anthropic's list contains only models that its clients can call.

mod anthropic;
mod filter;

use std::sync::Arc;

use axum::{
    Json,
    extract::{Path, State},
    http::request::Parts,
    response::{IntoResponse, Response},
};
use domain::{api_keys::Scope, models::Service};
use serde::Serialize;
use services::{api_keys::directory::KeyRecord, metering::new_call_id};

use self::filter::ModelFilter;
use super::{
    Gateway,
    offers::{Offer, Offers},
};
use crate::v1::{
    dialect::Dialect,
    error::V1Error,
    respond::{error_response, with_request_id},
};

#[derive(Serialize)]
struct List<'a> {
    object: &'static str,
    data: Vec<Model<'a>>,
}

#[derive(Serialize)]
struct Model<'a> {
    id: &'a str,
    object: &'static str,
    /// In seconds of Unix time.
    created: i64,
    owned_by: &'static str,
    service: &'static str,
    /// Paths that call the model.
    endpoints: Vec<&'static str>,
    /// Maximum of tokens in the prompt and the answer together, if configured.
    context_window: Option<u32>,
    /// Maximum of tokens in an answer, if configured.
    max_output_tokens: Option<u32>,
}

impl<'a> Model<'a> {
    fn new(offers: &Offers, offer: &'a Offer) -> Self {
        Self {
            id: &offer.name,
            object: "model",
            created: offers.since.millis() / 1000,
            owned_by: "tollhouse",
            service: offer.service.name(),
            endpoints: offer.endpoints().map(|endpoint| endpoint.path).collect(),
            context_window: offer.context_window,
            max_output_tokens: offer.max_output_tokens,
        }
    }
}

/// Lists the models that the key may call and that match the query, sorted by name.
pub(super) async fn list(State(gateway): State<Gateway>, request: Parts) -> Response {
    let listed = async {
        let key = key(&gateway, &request).await?;
        let query = request.uri.query().unwrap_or_default();
        let filter = ModelFilter::read(query)?;
        let offers = gateway.offers();
        // Storage is a model only to have a price; it can't be called.
        let callable = offers.iter().filter(|offer| offer.service != Service::Storage);
        let allowed = callable.filter(|offer| key.allows_model(&offer.name) && filter.matches(offer));
        Ok(match Dialect::of_headers(&request.headers) {
            Dialect::OpenAi => {
                let data = allowed.map(|offer| Model::new(&offers, offer)).collect();
                Json(List { object: "list", data }).into_response()
            }
            Dialect::Anthropic => anthropic::list(&offers, allowed.map(|offer| &**offer), query)?,
        })
    };
    answer(&gateway, &request, listed.await)
}

/// Describes one model.
pub(super) async fn retrieve(State(gateway): State<Gateway>, Path(name): Path<String>, request: Parts) -> Response {
    let found = async {
        let key = key(&gateway, &request).await?;
        let offers = gateway.offers();
        let callable = offers.get(&name).filter(|offer| offer.service != Service::Storage);
        let offer = callable.ok_or_else(|| V1Error::model_not_found(&name))?;
        if !key.allows_model(&name) {
            return Err(V1Error::model_not_allowed(&name));
        }
        Ok(match Dialect::of_headers(&request.headers) {
            Dialect::OpenAi => Json(Model::new(&offers, offer)).into_response(),
            Dialect::Anthropic => anthropic::model(&offers, offer),
        })
    };
    answer(&gateway, &request, found.await)
}

async fn key(gateway: &Gateway, request: &Parts) -> Result<Arc<KeyRecord>, V1Error> {
    gateway.admit(request, Scope::Models).await.map_err(|rejection| rejection.refusal)
}

fn answer(gateway: &Gateway, request: &Parts, answer: Result<Response, V1Error>) -> Response {
    match answer {
        Ok(response) => {
            let id = new_call_id(gateway.services.now());
            with_request_id(response, Dialect::of_headers(&request.headers), id)
        }
        Err(refusal) => error_response(&gateway.services, request.uri.path(), &request.headers, &refusal),
    }
}
