//! The OpenAPI document says what the server does: its routes, their parameters and scopes, and every answer that
//! a test gets.

mod answers;
mod form;

use std::{collections::BTreeSet, sync::LazyLock};

use axum::{
    body::Body,
    http::{HeaderName, Method, Request, StatusCode, header},
};
use domain::{api_keys, rate_limits::HIGHEST_RATE, validation};
use serde_json::{Value, json};
use server::{gateway, router};

pub(crate) use self::answers::send_checked;
use crate::world::{World, json as body};

const PATH: &str = "/openapi.json";

/// The document, as the server under test serves it.
static DOCUMENT: LazyLock<Value> = LazyLock::new(|| serde_json::from_slice(server::openapi::json()).unwrap());

/// An operation of the document.
pub(crate) struct Operation {
    pub(crate) method: Method,
    /// With `{…}` for parameters.
    pub(crate) path: &'static str,
    pub(crate) value: &'static Value,
}

/// All operations of the document.
pub(crate) fn operations() -> Vec<Operation> {
    let paths = DOCUMENT["paths"].as_object().unwrap().iter();
    let operations = paths.flat_map(|(path, item)| item.as_object().unwrap().iter().map(move |entry| (path, entry)));
    operations
        .map(|(path, (method, value))| Operation { method: method.to_uppercase().parse().unwrap(), path, value })
        .collect()
}

impl Operation {
    /// The names of its parameters at a place, such as `query`.
    fn parameters(&self, place: &str) -> BTreeSet<&'static str> {
        let parameters = self.value["parameters"].as_array().into_iter().flatten();
        let names = parameters.filter(|parameter| parameter["in"] == place).map(|parameter| &parameter["name"]);
        names.map(|name| name.as_str().unwrap()).collect()
    }

    /// The scopes that it requires.
    pub(crate) fn scopes(&self) -> Vec<&'static str> {
        let requirements = self.value["security"].as_array().into_iter().flatten();
        let scopes = requirements.flat_map(|requirement| requirement.as_object().unwrap().values());
        scopes.flat_map(|scopes| scopes.as_array().unwrap()).map(|scope| scope.as_str().unwrap()).collect()
    }
}

#[test]
fn every_route_below_v1_except_the_gateways_is_described() {
    let own: Vec<(Method, &str)> = gateway::routes();
    let routes = router::all_routes().into_iter().filter(|route| route.1.starts_with("/v1/") && !own.contains(route));
    let routes: BTreeSet<(String, String)> =
        routes.map(|(method, path)| (path.replace("{*", "{"), method.to_string())).collect();
    let described = operations().into_iter().map(|operation| (operation.path.to_owned(), operation.method.to_string()));
    assert_eq!(described.collect::<BTreeSet<_>>(), routes);
}

#[tokio::test]
async fn it_is_served_to_anybody_and_to_each_once() {
    let world = World::new().await;
    let get = async |headers: &[(HeaderName, &str)]| {
        let request = headers.iter().fold(Request::get(PATH), |request, (name, value)| request.header(name, *value));
        world.send(request.body(Body::empty()).unwrap()).await
    };
    for headers in [&[][..], &[(header::AUTHORIZATION, "Bearer wrong")]] {
        let response = get(headers).await;
        assert_eq!(response.status(), StatusCode::OK);
        assert_eq!(response.headers()[header::CONTENT_TYPE], "application/json");
        let etag = response.headers()[header::ETAG].clone();
        assert_eq!(body(response).await, *DOCUMENT);
        let again = get(&[(header::IF_NONE_MATCH, etag.to_str().unwrap())]).await;
        assert_eq!(again.status(), StatusCode::NOT_MODIFIED);
    }
    let packed = get(&[(header::ACCEPT_ENCODING, "gzip")]).await;
    assert_eq!(packed.headers()[header::CONTENT_ENCODING], "gzip");
}

/// An unknown parameter's error lists the known ones; where the query isn't read, there is none.
#[tokio::test]
async fn the_queries_parameters_are_those_that_are_read() {
    let world = World::new().await;
    let key = world.admin_key(&[]).await;
    let ids = [("{project}", world.project.id.to_string()), ("{key}", "key_01h2xcejqtf2nbrexx3vqjhp41".to_owned())];
    for operation in operations().iter().filter(|operation| !operation.path.starts_with("/v1/authz")) {
        let path = ids.iter().fold(operation.path.to_owned(), |path, (name, id)| path.replace(name, id));
        let answer = world.call(&operation.method, &format!("{path}?nonsense=1"), Some(&key), &Value::Null).await;
        let message = body(answer).await["error"]["message"].as_str().unwrap_or_default().to_owned();
        let known = message.strip_prefix("Unknown parameter \"nonsense\". Allowed parameters: ");
        let known = known.into_iter().flat_map(|names| names.trim_end_matches('.').split(", ")).collect();
        assert_eq!(operation.parameters("query"), known, "{} {}", operation.method, operation.path);
    }
}

#[tokio::test]
async fn a_proxys_query_has_the_parameters_that_are_read() {
    let world = World::new().await;
    let key = format!("Bearer {}", world.admin_key(&[]).await);
    let operations = operations();
    let operation = operations.iter().find(|operation| operation.path == "/v1/authz").unwrap();
    let request = Request::get("/v1/authz?nonsense=1").header("x-tollhouse-authorization", key);
    let answer = body(world.send(request.body(Body::empty()).unwrap()).await).await;
    let message = answer["error"]["message"].as_str().unwrap();
    let known: BTreeSet<&str> = message.split('`').skip(1).step_by(2).collect();
    assert_eq!(operation.parameters("query"), known);
}

#[test]
fn operations_have_openais_names_where_it_has_them() {
    const OPENAIS: [(&str, &str, &str); 16] = [
        ("GET", "/v1/organization/admin_api_keys", "admin-api-keys-list"),
        ("POST", "/v1/organization/admin_api_keys", "admin-api-keys-create"),
        ("GET", "/v1/organization/admin_api_keys/{key}", "admin-api-keys-get"),
        ("DELETE", "/v1/organization/admin_api_keys/{key}", "admin-api-keys-delete"),
        ("GET", "/v1/organization/projects/{project}/api_keys", "list-project-api-keys"),
        ("GET", "/v1/organization/projects/{project}/api_keys/{key}", "retrieve-project-api-key"),
        ("DELETE", "/v1/organization/projects/{project}/api_keys/{key}", "delete-project-api-key"),
        ("GET", "/v1/organization/usage/completions", "usage-completions"),
        ("GET", "/v1/organization/usage/embeddings", "usage-embeddings"),
        ("GET", "/v1/organization/usage/moderations", "usage-moderations"),
        ("GET", "/v1/organization/usage/images", "usage-images"),
        ("GET", "/v1/organization/usage/audio_speeches", "usage-audio-speeches"),
        ("GET", "/v1/organization/usage/audio_transcriptions", "usage-audio-transcriptions"),
        ("GET", "/v1/organization/usage/vector_stores", "usage-vector-stores"),
        ("GET", "/v1/organization/usage/code_interpreter_sessions", "usage-code-interpreter-sessions"),
        ("GET", "/v1/organization/costs", "usage-costs"),
    ];
    for (method, path, id) in OPENAIS {
        assert_eq!(DOCUMENT["paths"][path][method.to_lowercase()]["operationId"], id, "{method} {path}");
    }
}

/// Attributes of types can't name constants.
#[test]
fn limits_are_those_that_are_checked() {
    for body in ["CreateKeyBody", "EditKeyBody"] {
        let fields = &DOCUMENT["components"]["schemas"][body]["properties"];
        assert_eq!(fields["name"]["maxLength"], json!(validation::NAME_LENGTH));
        assert_eq!(fields["description"]["maxLength"], json!(validation::DESCRIPTION_LENGTH));
        assert_eq!(fields["models"]["maxItems"], json!(api_keys::MAX_MODELS));
        assert_eq!(fields["ip_allowlist"]["maxItems"], json!(api_keys::MAX_NETWORKS));
        assert_eq!(fields["rotate_every_days"]["maximum"], json!(api_keys::MAX_REMINDER_DAYS));
    }
    let schemas = &DOCUMENT["components"]["schemas"];
    let grace = &schemas["RotateKeyBody"]["properties"]["grace_seconds"];
    assert_eq!(grace["maximum"], json!(api_keys::MAX_GRACE_SECONDS));
    for limit in ["calls_per_minute", "tokens_per_minute"] {
        assert_eq!(schemas["RateLimits"]["properties"][limit]["maximum"], json!(HIGHEST_RATE));
    }
}

/// `docs/api.md` has a line for each operation.
#[test]
fn the_page_for_people_lists_the_same_operations() {
    let page = include_str!("../../../docs/api.md");
    let listed: BTreeSet<&str> = page.lines().filter(|line| line.starts_with("| `")).collect();
    let described = operations().into_iter().map(|operation| {
        let Operation { method, path, value } = &operation;
        let scopes: Vec<String> = operation.scopes().iter().map(|scope| format!("`{scope}`")).collect();
        let [id, summary] = ["operationId", "summary"].map(|name| value[name].as_str().unwrap());
        format!("| `{method} {path}` | {} | {} | `{id}` |", summary.trim_end_matches('.'), scopes.join(", "))
    });
    let described: BTreeSet<String> = described.collect();
    assert_eq!(listed, described.iter().map(String::as_str).collect());
}
