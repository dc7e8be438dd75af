//! `GET /v1/models`: what a key may call, in the form of OpenAI's API reference, or of Anthropic's where its headers ask for
//! it.
//!
//! OpenAI's entries tell besides what a model is for, by which paths it is called, and how much it takes, so that a client
//! can offer just what it can call. Anthropic's list has the models that its clients can.

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

use self::filter::Filter;
use super::{
    Gateway,
    endpoint::Dialect,
    identified,
    offers::{Offer, Offers},
    refused,
};
use crate::v1::error::Refusal;

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
    /// The paths by which it is called.
    endpoints: Vec<&'static str>,
    /// How many tokens question and answer may have together, where that is configured.
    context_window: Option<u32>,
    /// How many an answer may have.
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

/// Those the key may call, by name, as far as the query lets them through.
pub(super) async fn list(State(gateway): State<Gateway>, request: Parts) -> Response {
    let listed = async {
        let key = key(&gateway, &request).await?;
        let query = request.uri.query().unwrap_or_default();
        let filter = Filter::read(query)?;
        let offers = gateway.offers();
        // What storage costs is a model in the configuration, but nothing to be called.
        let called = offers.iter().filter(|offer| offer.service != Service::Storage);
        let allowed = called.filter(|offer| key.allows_model(&offer.name) && filter.lets_through(offer));
        Ok(match Dialect::said(&request.headers) {
            Dialect::OpenAi => {
                let data = allowed.map(|offer| Model::new(&offers, offer)).collect();
                Json(List { object: "list", data }).into_response()
            }
            Dialect::Anthropic => anthropic::list(&offers, allowed.map(|offer| &**offer), query)?,
        })
    };
    answer(&gateway, &request, listed.await)
}

/// One of them.
pub(super) async fn retrieve(State(gateway): State<Gateway>, Path(name): Path<String>, request: Parts) -> Response {
    let found = async {
        let key = key(&gateway, &request).await?;
        let offers = gateway.offers();
        let called = offers.get(&name).filter(|offer| offer.service != Service::Storage);
        let offer = called.ok_or_else(|| Refusal::model_not_found(&name))?;
        if !key.allows_model(&name) {
            return Err(Refusal::model_not_allowed(&name));
        }
        Ok(match Dialect::said(&request.headers) {
            Dialect::OpenAi => Json(Model::new(&offers, offer)).into_response(),
            Dialect::Anthropic => anthropic::one(&offers, offer),
        })
    };
    answer(&gateway, &request, found.await)
}

async fn key(gateway: &Gateway, request: &Parts) -> Result<Arc<KeyRecord>, Refusal> {
    gateway.admit(request, Scope::Models).await.map_err(|denied| denied.refusal)
}

fn answer(gateway: &Gateway, request: &Parts, answer: Result<Response, Refusal>) -> Response {
    match answer {
        Ok(response) => {
            let id = new_call_id(gateway.services.now());
            identified(response, Dialect::said(&request.headers), id)
        }
        Err(refusal) => refused(gateway, request.uri.path(), &request.headers, &refusal),
    }
}
