//! Models in the form of [Anthropic's API reference](https://docs.anthropic.com/en/api/models-list), limited
//! to those that its messages API can call.

use axum::{
    Json,
    response::{IntoResponse, Response},
};
use serde::Serialize;

use crate::{
    gateway::offers::{Offer, Offers},
    v1::{dialect::Dialect, error::V1Error},
};

const DEFAULT_PAGE_SIZE: usize = 20;
const MAX_PAGE_SIZE: usize = 1000;

#[derive(Serialize)]
struct List<'a> {
    data: Vec<Model<'a>>,
    has_more: bool,
    first_id: Option<&'a str>,
    last_id: Option<&'a str>,
}

#[derive(Serialize)]
struct Model<'a> {
    r#type: &'static str,
    id: &'a str,
    display_name: &'a str,
    /// In RFC 3339.
    created_at: String,
    lifecycle: &'static str,
    max_input_tokens: Option<u32>,
    max_tokens: Option<u32>,
    /// Always null, like the fields below: unknown here, but clients require the fields of the reference.
    capabilities: Option<()>,
    deprecated_at: Option<()>,
    line: Option<()>,
    retires_at: Option<()>,
}

impl<'a> Model<'a> {
    fn new(offers: &Offers, offer: &'a Offer) -> Self {
        Self {
            r#type: "model",
            id: &offer.name,
            display_name: &offer.name,
            created_at: offers.since.to_string(),
            lifecycle: "active",
            max_input_tokens: offer.context_window,
            max_tokens: offer.max_output_tokens,
            capabilities: None,
            deprecated_at: None,
            line: None,
            retires_at: None,
        }
    }
}

/// Answers with the page of `models` that the query selects.
pub(super) fn list<'a>(
    offers: &Offers,
    models: impl Iterator<Item = &'a Offer>,
    query: &str,
) -> Result<Response, V1Error> {
    let models: Vec<&Offer> = models.filter(|offer| is_called_by_messages(offer)).collect();
    let Page { models, has_more } = Page::select(models, query)?;
    let data: Vec<Model<'_>> = models.iter().map(|offer| Model::new(offers, offer)).collect();
    let name = |model: Option<&&'a Offer>| model.map(|model| &*model.name);
    Ok(Json(List { first_id: name(models.first()), last_id: name(models.last()), data, has_more }).into_response())
}

pub(super) fn model(offers: &Offers, offer: &Offer) -> Response {
    Json(Model::new(offers, offer)).into_response()
}

fn is_called_by_messages(offer: &Offer) -> bool {
    offer.endpoints().any(|endpoint| endpoint.dialect == Dialect::Anthropic)
}

/// A page of the list.
struct Page<'a> {
    models: Vec<&'a Offer>,
    /// Whether more models follow in the requested direction.
    has_more: bool,
}

impl<'a> Page<'a> {
    /// Selects a page by `after_id` or `before_id`, and `limit`. A model that has left the list still marks a
    /// position, since the list is sorted by name.
    fn select(mut models: Vec<&'a Offer>, query: &str) -> Result<Self, V1Error> {
        let mut limit = DEFAULT_PAGE_SIZE;
        let mut is_backwards = false;
        for (name, value) in form_urlencoded::parse(query.as_bytes()) {
            match &*name {
                "after_id" => models.retain(|model| *model.name > *value),
                "before_id" => {
                    models.retain(|model| *model.name < *value);
                    is_backwards = true;
                }
                "limit" => {
                    let wrong = || V1Error::invalid("limit", format!("limit: give 1 to {MAX_PAGE_SIZE}."));
                    let number = value.parse().ok().filter(|limit| (1..=MAX_PAGE_SIZE).contains(limit));
                    limit = number.ok_or_else(wrong)?;
                }
                _ => {}
            }
        }
        let has_more = models.len() > limit;
        if is_backwards {
            models.drain(..models.len().saturating_sub(limit));
        } else {
            models.truncate(limit);
        }
        Ok(Self { models, has_more })
    }
}
