//! `GET /v1/models`: what a key may call, in the form of OpenAI's API reference.

use std::sync::Arc;

use axum::{
    Json,
    extract::{Path, State},
    http::request::Parts,
    response::{IntoResponse, Response},
};
use domain::api_keys::Scope;
use serde::Serialize;
use services::api_keys::directory::KeyRecord;

use super::{Gateway, identified_anew, offers::Offer, refusal::Refusal};

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
    fn new(gateway: &Gateway, offer: &'a Offer) -> Self {
        let created = gateway.offers.since.millis() / 1000;
        Self { id: &offer.name, object: "model", created, owned_by: "tollhouse" }
    }
}

/// Those the key may call, by name.
pub(super) async fn list(State(gateway): State<Gateway>, request: Parts) -> Response {
    let response = match key(&gateway, &request).await {
        Ok(key) => {
            let allowed = gateway.offers.iter().filter(|offer| key.allows_model(&offer.name));
            let data = allowed.map(|offer| Model::new(&gateway, offer)).collect();
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
        let offer = gateway.offers.get(&name).ok_or_else(|| Refusal::model_not_found(&name))?;
        if !key.allows_model(&name) {
            return Err(Refusal::model_not_allowed(&name));
        }
        Ok(Json(Model::new(&gateway, offer)).into_response())
    };
    let response = found.await.unwrap_or_else(|refusal: Refusal| refusal.response());
    identified_anew(&gateway, response)
}

async fn key(gateway: &Gateway, request: &Parts) -> Result<Arc<KeyRecord>, Refusal> {
    gateway.admit(request, Scope::Models).await.map_err(|denied| denied.refusal)
}
