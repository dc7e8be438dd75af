//! Lists of what a project keeps at providers, in the form of OpenAI's.
//!
//! What lists tell of files and jobs is what providers last said of them, which is kept here. Of answers nothing is
//! kept, so each that is listed is asked for.

use std::borrow::Cow;

use axum::{
    body::Body,
    http::{HeaderValue, StatusCode, header::CONTENT_TYPE},
    response::Response,
};
use futures::{StreamExt, stream};
use serde::Serialize;
use serde_json::value::RawValue;
use services::{
    api_keys::directory::KeyRecord,
    provider_objects::{self, Kind, Object, Page},
};

use super::{document::Document, fetch::ask, unavailable};
use crate::{gateway::Gateway, v1::error::Refusal};

/// How many objects a list has where the client doesn't say.
const USUAL_PAGE: u64 = 20;
/// Most objects on a page: what OpenAI's lists take.
const MOST: u64 = 10_000;
/// The same where a provider is asked for each.
const MOST_ASKED_FOR: u64 = 100;
/// How many objects are looked at for one page, so that a filter that fits nothing comes to an end.
const LOOKED_AT: usize = 10_000;
/// The same where a provider is asked for each.
const LOOKED_AT_ASKED_FOR: usize = 200;
/// How many objects a provider is asked for at once.
const AT_ONCE: usize = 16;
/// How many objects are looked up at once where only some of them may fit.
const CANDIDATES: u64 = 100;
/// How long after it was made, in milliseconds, a provider may not know yet what it keeps: ten minutes.
const NEW_MS: i64 = 10 * 60_000;
/// How many bytes of documents end a page before it is full.
const ENOUGH_BYTES: usize = 16 * 1024 * 1024;

/// What a client wants to see.
#[derive(Debug)]
struct Wanted {
    after: Option<String>,
    limit: u64,
    oldest_first: bool,
    /// Only what this model made.
    model: Option<String>,
    /// Only files for this.
    purpose: Option<String>,
    /// Only what has all of these.
    metadata: Vec<(String, String)>,
}

impl Wanted {
    fn read(kind: Kind, query: &str) -> Result<Self, Refusal> {
        let most = if kind.is_described() { MOST } else { MOST_ASKED_FOR };
        let mut wanted = Self {
            after: None,
            limit: USUAL_PAGE,
            // As OpenAI's lists are where nothing is said.
            oldest_first: kind == Kind::ChatCompletion,
            model: None,
            purpose: None,
            metadata: Vec::new(),
        };
        for (name, value) in form_urlencoded::parse(query.as_bytes()) {
            match &*name {
                "after" => wanted.after = Some(value.into_owned()),
                "limit" => {
                    wanted.limit = value.parse().map_err(|_| Refusal::invalid("limit", "`limit` must be a number."))?;
                }
                "order" => wanted.oldest_first = value == "asc",
                "purpose" => wanted.purpose = Some(value.into_owned()),
                "model" if kind == Kind::ChatCompletion => wanted.model = Some(value.into_owned()),
                name => {
                    let key = name.strip_prefix("metadata[").and_then(|rest| rest.strip_suffix(']'));
                    wanted.metadata.extend(key.map(|key| (key.to_owned(), value.into_owned())));
                }
            }
        }
        wanted.limit = wanted.limit.clamp(1, most);
        Ok(wanted)
    }

    /// Whether it is seen only in a document if that is wanted.
    fn is_filtered(&self) -> bool {
        self.purpose.is_some() || !self.metadata.is_empty()
    }

    fn fits(&self, document: &str) -> bool {
        if !self.is_filtered() {
            return true;
        }
        let document = Document::read(document);
        self.purpose.as_ref().is_none_or(|purpose| document.is_for(purpose))
            && self.metadata.iter().all(|(key, value)| document.has(key, value))
    }
}

/// Something on a list, and what is said of it.
struct Shown {
    id: String,
    document: Box<RawValue>,
}

/// The asker's objects, in the form of OpenAI's lists.
pub(in crate::gateway) async fn list(
    gateway: &Gateway,
    key: &KeyRecord,
    kind: Kind,
    query: &str,
) -> Result<Response, Refusal> {
    #[derive(Serialize)]
    struct List<'a> {
        object: &'static str,
        data: Vec<&'a RawValue>,
        first_id: Option<&'a str>,
        last_id: Option<&'a str>,
        has_more: bool,
    }
    let wanted = Wanted::read(kind, query)?;
    if !kind.is_described() {
        // It goes to providers, as calls do.
        let _counted = gateway.pace(key)?;
    }
    let (shown, has_more) = find(gateway, key, kind, &wanted).await?;
    let list = List {
        object: "list",
        first_id: shown.first().map(|shown| shown.id.as_str()),
        last_id: shown.last().map(|shown| shown.id.as_str()),
        data: shown.iter().map(|shown| &*shown.document).collect(),
        has_more,
    };
    let mut response = Response::new(Body::from(serde_json::to_vec(&list).unwrap_or_default()));
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    Ok(response)
}

/// A page of what is wanted, and whether there may be more.
async fn find(gateway: &Gateway, key: &KeyRecord, kind: Kind, wanted: &Wanted) -> Result<(Vec<Shown>, bool), Refusal> {
    let (services, organization, project) = (&gateway.services, key.organization.id, key.project_id);
    let mut last = None;
    if let Some(after) = &wanted.after {
        last =
            provider_objects::find(services, organization, project, kind, after).await.map_err(|e| unavailable(&e))?;
        if last.is_none() {
            return Ok((Vec::new(), false));
        }
    }
    let most_looked_at = if kind.is_described() { LOOKED_AT } else { LOOKED_AT_ASKED_FOR };
    let size = usize::try_from(wanted.limit).unwrap_or(usize::MAX);
    let limit = if wanted.is_filtered() { wanted.limit.max(CANDIDATES) } else { wanted.limit };
    let (mut shown, mut bytes, mut looked_at) = (Vec::new(), 0, 0);
    loop {
        let page =
            Page { after: last.as_ref(), limit, model: wanted.model.as_deref(), oldest_first: wanted.oldest_first };
        let listed = provider_objects::list(services, organization, project, kind, page).await;
        let (found, more) = listed.map_err(|error| unavailable(&error))?;
        last = found.last().cloned();
        let mut left = found.len();
        looked_at += left;
        let described = stream::iter(found).map(|object| described(gateway, object));
        let mut documents = described.buffered(AT_ONCE);
        while let Some(document) = documents.next().await {
            left -= 1;
            let Some(document) = document?.filter(|document| wanted.fits(document.document.get())) else { continue };
            bytes += document.document.get().len();
            shown.push(document);
            if shown.len() == size || bytes >= ENOUGH_BYTES {
                return Ok((shown, more || left > 0));
            }
        }
        if !more || looked_at >= most_looked_at {
            return Ok((shown, more));
        }
    }
}

/// An object with what its provider says of it; nothing where there isn't anything to be said.
async fn described(gateway: &Gateway, object: Object) -> Result<Option<Shown>, Refusal> {
    let document = if object.kind().is_some_and(Kind::is_described) {
        Cow::Borrowed(object.document())
    } else {
        let told = ask(gateway, &object).await.map_err(|error| {
            tracing::warn!(%error, provider = object.provider(), "what a provider keeps can't be listed");
            Refusal::upstream_error("The provider that keeps these doesn't tell of them.")
        })?;
        match told {
            Some((status, body)) if status.is_success() => Cow::Owned(String::from_utf8_lossy(&body).into_owned()),
            Some((StatusCode::NOT_FOUND, _)) => return forget(gateway, &object).await.map(|()| None),
            None => return Ok(None),
            Some((status, _)) => {
                let message = format!("The provider that keeps these answered {}.", status.as_u16());
                return Err(Refusal::upstream_error(message));
            }
        }
    };
    let document = serde_json::from_str(&document).ok();
    Ok(document.map(|document| Shown { id: object.id().to_owned(), document }))
}

/// Forgets what was deleted at its provider.
async fn forget(gateway: &Gateway, object: &Object) -> Result<(), Refusal> {
    if gateway.services.now().millis() - object.created_at().millis() < NEW_MS {
        return Ok(());
    }
    provider_objects::forget(&gateway.services, object).await.map_err(|error| unavailable(&error))
}
