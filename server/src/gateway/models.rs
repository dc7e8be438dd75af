//! `GET /v1/models`: what a key may call, in the form of OpenAI's API reference.

use std::sync::Arc;

use axum::{
    Json,
    extract::{Path, State},
    http::request::Parts,
    response::{IntoResponse, Response},
};
use domain::{api_keys::Scope, models::Service};
use serde::Serialize;
use services::api_keys::directory::KeyRecord;

use super::{
    Gateway, identified_anew,
    offers::{Offer, Offers},
    refusal::Refusal,
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
}

impl<'a> Model<'a> {
    fn new(offers: &Offers, offer: &'a Offer) -> Self {
        let created = offers.since.millis() / 1000;
        Self { id: &offer.name, object: "model", created, owned_by: "tollhouse" }
    }
}

/// Those the key may call, by name.
pub(super) async fn list(State(gateway): State<Gateway>, request: Parts) -> Response {
    let response = match key(&gateway, &request).await {
        Ok(key) => {
            let offers = gateway.offers();
            // What storage costs is a model in the configuration, but nothing to be called.
            let called = offers.iter().filter(|offer| offer.service != Service::Storage);
            let allowed = called.filter(|offer| key.allows_model(&offer.name));
            let data = allowed.map(|offer| Model::new(&offers, offer)).collect();
            Json(List { object: "list", data }).into_response()
        }
        Err(refusal) => refusal.response(),
    };
    identified_anew(&gateway, response)
}

/// One of them.
pub(super) async fn retrieve(State(gateway): State<Gateway>, Path(name): Path<String>, request: Parts) -> Response {
    let found = async {
        let key = key(&gateway, &request).await?;
        let offers = gateway.offers();
        let offer = offers.get(&name).ok_or_else(|| Refusal::model_not_found(&name))?;
        if !key.allows_model(&name) {
            return Err(Refusal::model_not_allowed(&name));
        }
        Ok(Json(Model::new(&offers, offer)).into_response())
    };
    let response = found.await.unwrap_or_else(|refusal: Refusal| refusal.response());
    identified_anew(&gateway, response)
}

async fn key(gateway: &Gateway, request: &Parts) -> Result<Arc<KeyRecord>, Refusal> {
    gateway.admit(request, Scope::Models).await.map_err(|denied| denied.refusal)
}
