//! Lists a project's objects at providers, in OpenAI's form.
//!
//! Files and jobs are listed as their providers last described them, which is stored here. Stored answers
//! aren't described here, so each one listed is fetched from its provider.

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
    provider_objects::{self, ObjectKind, ObjectQuery, ProviderObject},
};

use super::{document::Document, fetch::fetch};
use crate::{
    gateway::{Gateway, references::unavailable},
    v1::error::V1Error,
};

/// Objects on a page if the client doesn't specify a limit.
const DEFAULT_PAGE_SIZE: u64 = 20;
/// Most objects on a page, as in OpenAI's lists.
const MAX_PAGE_SIZE: u64 = 10_000;
/// Most objects on a page if each is fetched from its provider.
const MAX_FETCHED_PAGE_SIZE: u64 = 100;
/// Most objects examined for one page, so that a filter without matches comes to an end.
const MAX_EXAMINED: usize = 10_000;
/// Most objects fetched from providers for one page.
const MAX_FETCHED: usize = 200;
/// Number of concurrent fetches from providers.
const CONCURRENT_FETCHES: usize = 16;
/// Least number of objects loaded at once if they are filtered.
const FILTERED_BATCH_SIZE: u64 = 100;
/// Time after an object's creation during which its provider may not find it yet, in
/// milliseconds: ten minutes.
const PROPAGATION_MS: i64 = 10 * 60_000;
/// Bytes of documents that end a page before it is full.
const PAGE_BYTES: usize = 16 * 1024 * 1024;

/// The parameters of a list.
#[derive(Debug)]
struct ListQuery {
    after: Option<String>,
    limit: u64,
    oldest_first: bool,
    /// Only objects of this model.
    model: Option<String>,
    /// Only files with this purpose.
    purpose: Option<String>,
    /// Only objects with all of these keys and values.
    metadata: Vec<(String, String)>,
}

impl ListQuery {
    fn read(kind: ObjectKind, text: &str) -> Result<Self, V1Error> {
        let max_size = if kind.is_described() { MAX_PAGE_SIZE } else { MAX_FETCHED_PAGE_SIZE };
        let mut query = Self {
            after: None,
            limit: DEFAULT_PAGE_SIZE,
            // OpenAI's default.
            oldest_first: kind == ObjectKind::ChatCompletion,
            model: None,
            purpose: None,
            metadata: Vec::new(),
        };
        for (name, value) in form_urlencoded::parse(text.as_bytes()) {
            match &*name {
                "after" => query.after = Some(value.into_owned()),
                "limit" => {
                    query.limit = value.parse().map_err(|_| V1Error::invalid("limit", "`limit` must be a number."))?;
                }
                "order" => query.oldest_first = value == "asc",
                "purpose" => query.purpose = Some(value.into_owned()),
                "model" if kind == ObjectKind::ChatCompletion => query.model = Some(value.into_owned()),
                name => {
                    let key = name.strip_prefix("metadata[").and_then(|rest| rest.strip_suffix(']'));
                    query.metadata.extend(key.map(|key| (key.to_owned(), value.into_owned())));
                }
            }
        }
        query.limit = query.limit.clamp(1, max_size);
        Ok(query)
    }

    /// Whether there is a filter that needs the objects' documents.
    fn is_filtered(&self) -> bool {
        self.purpose.is_some() || !self.metadata.is_empty()
    }

    fn matches(&self, document: &str) -> bool {
        if !self.is_filtered() {
            return true;
        }
        let document = Document::read(document);
        self.purpose.as_ref().is_none_or(|purpose| document.has_purpose(purpose))
            && self.metadata.iter().all(|(key, value)| document.has_metadata(key, value))
    }
}

/// An object on a list, with its document.
struct ListItem {
    id: String,
    document: Box<RawValue>,
}

/// Lists the caller's objects in OpenAI's form.
pub(in crate::gateway) async fn list(
    gateway: &Gateway,
    key: &KeyRecord,
    kind: ObjectKind,
    query: &str,
) -> Result<Response, V1Error> {
    #[derive(Serialize)]
    struct List<'a> {
        object: &'static str,
        data: Vec<&'a RawValue>,
        first_id: Option<&'a str>,
        last_id: Option<&'a str>,
        has_more: bool,
    }
    let query = ListQuery::read(kind, query)?;
    if !kind.is_described() {
        // It counts as a call, since it goes to providers.
        let _permit = gateway.pace(key)?;
    }
    let (items, has_more) = find(gateway, key, kind, &query).await?;
    let list = List {
        object: "list",
        first_id: items.first().map(|item| item.id.as_str()),
        last_id: items.last().map(|item| item.id.as_str()),
        data: items.iter().map(|item| &*item.document).collect(),
        has_more,
    };
    let mut response = Response::new(Body::from(serde_json::to_vec(&list).unwrap_or_default()));
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    Ok(response)
}

/// Finds a page of objects, and whether there may be more.
async fn find(
    gateway: &Gateway,
    key: &KeyRecord,
    kind: ObjectKind,
    query: &ListQuery,
) -> Result<(Vec<ListItem>, bool), V1Error> {
    let (services, organization, project) = (&gateway.services, key.organization.id, key.project_id);
    let mut last = None;
    if let Some(after) = &query.after {
        last =
            provider_objects::find(services, organization, project, kind, after).await.map_err(|e| unavailable(&e))?;
        if last.is_none() {
            return Ok((Vec::new(), false));
        }
    }
    let max_examined = if kind.is_described() { MAX_EXAMINED } else { MAX_FETCHED };
    let size = usize::try_from(query.limit).unwrap_or(usize::MAX);
    let limit = if query.is_filtered() { query.limit.max(FILTERED_BATCH_SIZE) } else { query.limit };
    let (mut items, mut bytes, mut examined) = (Vec::new(), 0, 0);
    loop {
        let page = ObjectQuery {
            after: last.as_ref(),
            limit,
            model: query.model.as_deref(),
            oldest_first: query.oldest_first,
        };
        let listed = provider_objects::list(services, organization, project, kind, page).await;
        let (found, more) = listed.map_err(|error| unavailable(&error))?;
        last = found.last().cloned();
        let mut left = found.len();
        examined += left;
        let described = stream::iter(found).map(|object| describe(gateway, object));
        let mut described = described.buffered(CONCURRENT_FETCHES);
        while let Some(item) = described.next().await {
            left -= 1;
            let Some(item) = item?.filter(|item| query.matches(item.document.get())) else { continue };
            bytes += item.document.get().len();
            items.push(item);
            if items.len() == size || bytes >= PAGE_BYTES {
                return Ok((items, more || left > 0));
            }
        }
        if !more || examined >= max_examined {
            return Ok((items, more));
        }
    }
}

/// Describes an object by its stored or its provider's document; `None` if there is none.
async fn describe(gateway: &Gateway, object: ProviderObject) -> Result<Option<ListItem>, V1Error> {
    let document = if object.kind().is_some_and(ObjectKind::is_described) {
        Cow::Borrowed(object.document())
    } else {
        let answer = fetch(gateway, &object).await.map_err(|error| {
            tracing::warn!(%error, provider = object.provider(), "what a provider keeps can't be listed");
            V1Error::upstream_error("The provider didn't return these objects.")
        })?;
        match answer {
            Some((status, body)) if status.is_success() => Cow::Owned(String::from_utf8_lossy(&body).into_owned()),
            Some((StatusCode::NOT_FOUND, _)) => return forget(gateway, &object).await.map(|()| None),
            None => return Ok(None),
            Some((status, _)) => {
                let message = format!("The provider responded with status {}.", status.as_u16());
                return Err(V1Error::upstream_error(message));
            }
        }
    };
    let document = serde_json::from_str(&document).ok();
    Ok(document.map(|document| ListItem { id: object.id().to_owned(), document }))
}

/// Forgets an object that its provider doesn't find, unless it is new.
async fn forget(gateway: &Gateway, object: &ProviderObject) -> Result<(), V1Error> {
    if gateway.services.now().millis() - object.created_at().millis() < PROPAGATION_MS {
        return Ok(());
    }
    provider_objects::forget(&gateway.services, object).await.map_err(|error| unavailable(&error))
}
