//! `/v1/organization/admin_api_keys` and `/v1/organization/projects/{project}/api_keys`.

use axum::{
    Json,
    extract::{FromRequestParts, State},
    http::request::Parts,
};
use domain::{
    api_keys::{ApiKey, Scope},
    ids::{ApiKeyId, ProjectId},
};
use serde::Deserialize;
use services::{
    Actor, Services,
    api_keys::{
        self,
        queries::location::{self, Place},
    },
};

use super::{
    Management,
    key_bodies::{Changes, Grace, NewKey},
    key_object::{Deleted, Key, Made},
    list::{self, List},
};
use crate::v1::error::Refusal;
use crate::v1::{
    caller::Caller,
    input::{Body, Ids, Query},
};

type Answer<T> = Result<Json<T>, Refusal>;

/// What a list's path names: a project, or nothing for the organization's own keys.
#[derive(Deserialize)]
pub(super) struct Listed {
    project: Option<ProjectId>,
}

/// What a key's path names.
#[derive(Deserialize)]
pub(super) struct Named {
    project: Option<ProjectId>,
    key: ApiKeyId,
}

/// The keys of a place, but for revoked ones.
pub(super) async fn list(
    State(management): State<Management>,
    caller: Caller,
    Ids(Listed { project }): Ids<Listed>,
    query: Query,
) -> Answer<List<Key>> {
    let place = place_of(project);
    let actor = caller.with(reading(place))?;
    let services = &management.hub.services;
    let (keys, more) = location::page(services, &actor, place, list::cursor(query)?).await?;
    Ok(Json(List::new(shown(services, &actor, place, keys).await?, |key| key.id, more)))
}

/// Makes a key, and tells its secret. The same `Idempotency-Key` again makes no other and tells nothing.
pub(super) async fn create(
    State(management): State<Management>,
    caller: Caller,
    Ids(Listed { project }): Ids<Listed>,
    IdempotencyKey(request): IdempotencyKey,
    Body(asked): Body<NewKey>,
) -> Answer<Key> {
    let place = place_of(project);
    let actor = caller.with(managing(place))?;
    let services = &management.hub.services;
    location::enter(services, &actor, place).await?;
    let asked = asked.asked(place, services.now())?;
    let (key, secret) = match request {
        Some(request) => api_keys::create_once(services, &actor, asked, request).await?,
        None => {
            let created = api_keys::create(services, &actor, asked).await?;
            (created.api_key, Some(created.secret))
        }
    };
    Ok(Json(one(services, &actor, key).await?.with_value(secret)))
}

pub(super) async fn retrieve(
    State(management): State<Management>,
    caller: Caller,
    Ids(Named { project, key }): Ids<Named>,
) -> Answer<Key> {
    let place = place_of(project);
    let actor = caller.with(reading(place))?;
    let services = &management.hub.services;
    let key = location::at(services, &actor, place, key).await?;
    Ok(Json(one(services, &actor, key).await?))
}

pub(super) async fn modify(
    State(management): State<Management>,
    caller: Caller,
    Ids(Named { project, key }): Ids<Named>,
    Body(changes): Body<Changes>,
) -> Answer<Key> {
    let (place, services) = (place_of(project), &management.hub.services);
    let actor = manager(&caller, services, place, key).await?;
    let key = api_keys::edit(services, &actor, key, changes.asked()?).await?;
    Ok(Json(one(services, &actor, key).await?))
}

/// Gives a key a new secret, and tells it. The same `Idempotency-Key` again rotates nothing and tells nothing.
pub(super) async fn rotate(
    State(management): State<Management>,
    caller: Caller,
    Ids(Named { project, key }): Ids<Named>,
    IdempotencyKey(request): IdempotencyKey,
    Body(grace): Body<Grace>,
) -> Answer<Key> {
    let (place, services) = (place_of(project), &management.hub.services);
    let actor = manager(&caller, services, place, key).await?;
    let rotated = api_keys::rotate(services, &actor, key, grace.rotation(request)).await?;
    Ok(Json(one(services, &actor, rotated.api_key).await?.with_value(rotated.secret)))
}

/// Ends the old secret of a rotating key, or lets it live longer.
pub(super) async fn set_grace(
    State(management): State<Management>,
    caller: Caller,
    Ids(Named { project, key }): Ids<Named>,
    Body(grace): Body<Grace>,
) -> Answer<Key> {
    let (place, services) = (place_of(project), &management.hub.services);
    let actor = manager(&caller, services, place, key).await?;
    let key = api_keys::set_grace(services, &actor, key, grace.grace_seconds).await?;
    Ok(Json(one(services, &actor, key).await?))
}

/// The keys that can be used and that this one made or rotated.
pub(super) async fn descendants(
    State(management): State<Management>,
    caller: Caller,
    Ids(Named { key, .. }): Ids<Named>,
) -> Answer<Made> {
    let place = Place::Organization;
    let actor = caller.with(reading(place))?;
    let services = &management.hub.services;
    location::at(services, &actor, place, key).await?;
    Ok(Json(Made::new(api_keys::descendants(services, &actor, &[key]).await?)))
}

/// What OpenAI calls deleting: the key works no more, and what it did stays in the log. Tells of keys that it made or
/// rotated; with `descendants=true` they are deleted along.
pub(super) async fn revoke(
    State(management): State<Management>,
    caller: Caller,
    Ids(Named { project, key }): Ids<Named>,
    query: Query,
) -> Answer<Deleted> {
    let (place, services) = (place_of(project), &management.hub.services);
    let along = query.only(&["descendants"])?.one("descendants", |text| match text {
        "true" => Ok(true),
        "false" => Ok(false),
        _ => Err("Say true or false."),
    })?;
    let actor = manager(&caller, services, place, key).await?;
    let is_admin = place == Place::Organization;
    if along.unwrap_or(false) {
        let along = api_keys::revoke_with_descendants(services, &actor, &[key]).await?;
        return Ok(Json(Deleted::new(key, is_admin).along(along)));
    }
    // Other keys make none. Asked before it ends, since it may be the one that asks.
    let made = if is_admin { Some(api_keys::revocable(services, &actor, &[key]).await?) } else { None };
    api_keys::revoke(services, &actor, &[key]).await?;
    Ok(Json(Deleted::new(key, is_admin).leaving(made)))
}

fn place_of(project: Option<ProjectId>) -> Place {
    project.map_or(Place::Organization, Place::Project)
}

const fn reading(place: Place) -> Scope {
    match place {
        Place::Organization => Scope::AdminApiKeysRead,
        Place::Project(_) => Scope::ApiKeysRead,
    }
}

const fn managing(place: Place) -> Scope {
    match place {
        Place::Organization => Scope::AdminApiKeysWrite,
        Place::Project(_) => Scope::ApiKeysWrite,
    }
}

/// Whoever may manage the key, which is where the path says.
async fn manager(caller: &Caller, services: &Services, place: Place, key: ApiKeyId) -> Result<Actor, Refusal> {
    let actor = caller.with(managing(place))?;
    location::check(services, &actor, place, key).await?;
    Ok(actor)
}

async fn shown(services: &Services, actor: &Actor, place: Place, keys: Vec<ApiKey>) -> Result<Vec<Key>, Refusal> {
    let owners = api_keys::owners(services, actor, place, &keys).await?;
    Ok(keys.into_iter().map(|key| Key::new(key, &owners)).collect())
}

/// A key that may just have been moved.
async fn one(services: &Services, actor: &Actor, key: ApiKey) -> Result<Key, Refusal> {
    let place = place_of(key.project.as_ref().map(|project| project.id));
    let owners = api_keys::owners(services, actor, place, std::slice::from_ref(&key)).await?;
    Ok(Key::new(key, &owners))
}

/// The header by which a request that is sent again is known.
pub(super) struct IdempotencyKey(Option<String>);

impl<S: Send + Sync> FromRequestParts<S> for IdempotencyKey {
    type Rejection = Refusal;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Refusal> {
        let text = parts.headers.get("idempotency-key").map(|value| value.to_str().map(str::to_owned));
        text.transpose().map(Self).map_err(|_| Refusal::malformed("The header Idempotency-Key: use plain letters."))
    }
}
