//! Models in the form of [Anthropic's API reference](https://docs.anthropic.com/en/api/models-list): those that are called by
//! its messages.

use axum::{
    Json,
    response::{IntoResponse, Response},
};
use serde::Serialize;

use crate::{
    gateway::{
        endpoint::Dialect,
        offers::{Offer, Offers},
    },
    v1::error::Refusal,
};

/// How many a page has where nothing is said, and at most.
const PAGE: usize = 20;
const LARGEST_PAGE: usize = 1000;

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
    /// As RFC 3339 has it.
    created_at: String,
    lifecycle: &'static str,
    max_input_tokens: Option<u32>,
    max_tokens: Option<u32>,
    /// What the reference says of every model, and nobody here knows: clients want it to be there.
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

/// A page of these models, as the query says which.
pub(super) fn list<'a>(
    offers: &Offers,
    models: impl Iterator<Item = &'a Offer>,
    query: &str,
) -> Result<Response, Refusal> {
    let models: Vec<&Offer> = models.filter(|offer| is_called_by_messages(offer)).collect();
    let Page { models, has_more } = Page::of(models, query)?;
    let data: Vec<Model<'_>> = models.iter().map(|offer| Model::new(offers, offer)).collect();
    let name = |model: Option<&&'a Offer>| model.map(|model| &*model.name);
    Ok(Json(List { first_id: name(models.first()), last_id: name(models.last()), data, has_more }).into_response())
}

pub(super) fn one(offers: &Offers, offer: &Offer) -> Response {
    Json(Model::new(offers, offer)).into_response()
}

fn is_called_by_messages(offer: &Offer) -> bool {
    offer.endpoints().any(|endpoint| endpoint.dialect == Dialect::Anthropic)
}

/// Some of a list.
struct Page<'a> {
    models: Vec<&'a Offer>,
    /// Whether there are more in the direction that was asked for.
    has_more: bool,
}

impl<'a> Page<'a> {
    /// `after_id` and `before_id` name what it stands next to, and `limit` how many it has. What isn't in the list any more
    /// is as far as its name, by which the list is ordered.
    fn of(mut models: Vec<&'a Offer>, query: &str) -> Result<Self, Refusal> {
        let mut limit = PAGE;
        let mut is_backwards = false;
        for (name, value) in form_urlencoded::parse(query.as_bytes()) {
            match &*name {
                "after_id" => models.retain(|model| *model.name > *value),
                "before_id" => {
                    models.retain(|model| *model.name < *value);
                    is_backwards = true;
                }
                "limit" => {
                    let wrong = || Refusal::invalid("limit", format!("limit: give 1 to {LARGEST_PAGE}."));
                    let number = value.parse().ok().filter(|limit| (1..=LARGEST_PAGE).contains(limit));
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
