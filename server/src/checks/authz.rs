//! `/v1/authz`: whether a proxy is to let a request through. For nginx's `auth_request`, Traefik's `ForwardAuth` and Envoy's
//! `ext_authz`.
//!
//! The request here is the client's, as the proxy passes it on to ask: the client's key is where the client put it, and the
//! proxy's own, an admin key, in a header of its own. What the proxy says of the request counts, since it holds that key:
//!
//! - where it goes: what follows `/v1/authz` in the path (Envoy), or `X-Forwarded-Uri` (Traefik, and nginx as documented);
//! - where it comes from: the last address in `X-Forwarded-For`, which is the one that the proxy saw itself.
//!
//! What the operator decides, such as the scope that a route takes, is in the query, which no client can write.

use std::net::{IpAddr, SocketAddr};

use axum::{
    extract::{ConnectInfo, Request, State},
    http::{HeaderMap, HeaderName, HeaderValue, request::Parts},
    response::{IntoResponse, Response},
};
use domain::api_keys::{Scope, Secret};
use services::api_keys::directory::KeyRecord;

use super::key_check::{Question, Wanted};
use crate::{
    management::Management,
    security::client_ip,
    v1::{credentials, error::Refusal},
};

pub(crate) const PATH: &str = "/v1/authz";
/// Where Envoy puts the path that is asked about.
pub(crate) const UNDER_PATH: &str = "/v1/authz/{*path}";

/// The proxy's own key: `Bearer`, as in `Authorization`, which is the client's here.
const ASKERS_KEY: HeaderName = HeaderName::from_static("x-tollhouse-authorization");

const ORGANIZATION: HeaderName = HeaderName::from_static("x-tollhouse-organization-id");
const PROJECT: HeaderName = HeaderName::from_static("x-tollhouse-project-id");
const KEY: HeaderName = HeaderName::from_static("x-tollhouse-key-id");
const MEMBER: HeaderName = HeaderName::from_static("x-tollhouse-member-id");
const LEVEL: HeaderName = HeaderName::from_static("x-tollhouse-level");

pub(crate) async fn authorize(State(management): State<Management>, request: Request) -> Response {
    let (parts, _) = request.into_parts();
    match answer(&management, &parts).await {
        Ok(answer) => answer,
        Err(refusal) => refusal.response(),
    }
}

async fn answer(management: &Management, request: &Parts) -> Result<Response, Refusal> {
    let gateway = &management.gateway;
    let asker =
        gateway.identify_by(&askers_key(&request.headers)?, peer(request)).await.map_err(|denied| denied.refusal)?;
    if !asker.key.grants(Scope::Authz) {
        return Err(Refusal::missing_scope(asker.key.level, Scope::Authz));
    }
    let routed = Routed::read(request)?;
    // The same as the gateway looks for, in the same places.
    let secret = credentials::secret(&request.headers, routed.query.as_deref())?;
    let question = Question {
        organization: asker.key.organization.id,
        secret: &secret,
        wanted: routed.wanted,
        model: routed.model.as_deref(),
        // Those before it are what the client claims.
        ip: client_ip::seen_by_proxy(&request.headers),
    };
    let bearer = question.answer(gateway).await.map_err(|denied| denied.refusal)?;
    gateway.note_use(&bearer, request);
    // It counts as a call, of which nobody here knows what it takes.
    let paced = gateway.pace(&bearer.key);
    let standing = gateway.standing_headers(&bearer.key);
    let mut answer = match paced {
        Ok(_) => about(&bearer.key).into_response(),
        Err(refusal) => refusal.response(),
    };
    answer.headers_mut().extend(standing);
    Ok(answer)
}

fn askers_key(headers: &HeaderMap) -> Result<Secret, Refusal> {
    let wrong =
        || Refusal::key("No API key of the proxy. Send an admin key as `X-Tollhouse-Authorization: Bearer <key>`.");
    let value = headers.get(ASKERS_KEY).and_then(|value| value.to_str().ok()).ok_or_else(wrong)?;
    let (scheme, key) = value.split_once(' ').unwrap_or_default();
    if !scheme.eq_ignore_ascii_case("bearer") {
        return Err(wrong());
    }
    Secret::parse(key.trim()).map_err(|_| credentials::unknown())
}

/// Who is connected: the proxy itself.
fn peer(request: &Parts) -> Option<IpAddr> {
    request.extensions.get::<ConnectInfo<SocketAddr>>().map(|ConnectInfo(peer)| peer.ip().to_canonical())
}

/// What a proxy's route asks for.
struct Routed {
    wanted: Wanted,
    model: Option<String>,
    /// The query that the client wrote.
    query: Option<String>,
}

impl Routed {
    fn read(request: &Parts) -> Result<Self, Refusal> {
        let (mut scope, mut model) = (None, None);
        // Behind a path of Envoy's the query is the client's.
        let under = request.uri.path().strip_prefix(PATH).filter(|path| !path.is_empty());
        let query = if under.is_some() { "" } else { request.uri.query().unwrap_or_default() };
        for (name, value) in form_urlencoded::parse(query.as_bytes()) {
            match &*name {
                "scope" if scope.is_none() => {
                    scope = Some(value.parse::<Scope>().map_err(|why| Refusal::invalid("scope", why))?);
                }
                "model" if model.is_none() => model = Some(value.into_owned()),
                _ => {
                    return Err(Refusal::invalid(name.into_owned(), "The query takes `scope` and `model`, each once."));
                }
            }
        }
        let (path, query) = match under {
            Some(path) => (Some(path.to_owned()), request.uri.query().map(str::to_owned)),
            None => forwarded_uri(&request.headers)?,
        };
        let wanted = match (scope, path) {
            (Some(scope), _) => Wanted::Scope(scope),
            (None, Some(path)) => Wanted::at(&path),
            (None, None) => Wanted::Foreign,
        };
        Ok(Self { wanted, model, query })
    }
}

/// The path that the client called, and its query. Said twice, nobody knows which of them the proxy wrote.
fn forwarded_uri(headers: &HeaderMap) -> Result<(Option<String>, Option<String>), Refusal> {
    let mut values = headers.get_all("x-forwarded-uri").iter();
    let (value, more) = (values.next(), values.next());
    if more.is_some() {
        return Err(Refusal::malformed("There is more than one X-Forwarded-Uri."));
    }
    let text = value.map(|value| String::from_utf8_lossy(value.as_bytes())).unwrap_or_default();
    let (path, query) = text.split_once(['?', '#']).map_or((&*text, None), |(path, query)| (path, Some(query)));
    Ok((Some(path.to_owned()).filter(|path| !path.is_empty()), query.map(str::to_owned)))
}

/// Who it is, for whoever stands behind the proxy.
fn about(key: &KeyRecord) -> HeaderMap {
    let ids = [
        (ORGANIZATION, Some(key.organization.id.to_string())),
        (PROJECT, key.project_id.map(|id| id.to_string())),
        (KEY, Some(key.api_key_id.to_string())),
        (MEMBER, key.member_id.map(|id| id.to_string())),
        (LEVEL, Some(key.level.to_string())),
    ];
    // Ids and levels are plain ASCII.
    ids.into_iter().filter_map(|(name, value)| Some((name, HeaderValue::try_from(value?).ok()?))).collect()
}
