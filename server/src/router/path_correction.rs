//! Corrects near-miss paths: clients are most often misconfigured in their base URL.
//!
//! Gateway paths without `/v1`, with a doubled `/v1`, or with doubled or trailing slashes are answered like
//! the correct path. Paths that only look like a call, such as Azure's `/openai/deployments/…`, get an error
//! with the right base URL, in the client's format. All other paths are the dashboard's.

use std::{collections::HashSet, sync::LazyLock};

use app::addresses::Address;
use axum::{
    extract::{Request, State},
    http::{HeaderMap, Method, Uri, header, uri::PathAndQuery},
    middleware::Next,
    response::Response,
};

use crate::{
    gateway::{self, Gateway},
    server_functions,
    v1::credentials,
};

/// The first segment of paths under `/v1`.
const VERSION: &str = "v1";
/// First segments of other servers' base URLs: Azure's, those of proxies in front of Anthropic and others,
/// and Gemini's.
const FOREIGN_PREFIXES: [&str; 7] = ["anthropic", "azure", "deployments", "openai", "v1alpha", "v1beta", "v2"];
/// Ollama's own paths under `/api`, where this server has the dashboard's functions.
const OLLAMA_PATHS: [&str; 8] = ["chat", "embed", "embeddings", "generate", "ps", "show", "tags", "version"];

/// The route that a request is meant for.
#[derive(Clone, Debug, Eq, PartialEq)]
enum IntendedRoute {
    /// Its own path.
    Unchanged,
    /// This other path, without doubt.
    Corrected(String),
    /// Some path of the API, under a base URL that isn't this server's.
    WrongBaseUrl,
}

/// Gives a request the path that it is meant for.
pub(super) async fn correct_path(State(gateway): State<Gateway>, mut request: Request, next: Next) -> Response {
    match intended_route(request.method(), request.uri().path(), request.headers()) {
        IntendedRoute::Unchanged => next.run(request).await,
        IntendedRoute::Corrected(path) => {
            if let Some(uri) = with_path(request.uri(), &path) {
                *request.uri_mut() = uri;
            }
            next.run(request).await
        }
        IntendedRoute::WrongBaseUrl => {
            let (request, _) = request.into_parts();
            let is_call = is_foreign_call(&path_segments(request.uri.path()));
            gateway::no_such_path_elsewhere(&gateway, &request, is_call)
        }
    }
}

fn intended_route(method: &Method, path: &str, headers: &HeaderMap) -> IntendedRoute {
    if is_well_formed(path) {
        return IntendedRoute::Unchanged;
    }
    let segments = path_segments(path);
    let versions = segments.iter().take_while(|part| **part == VERSION).count();
    let rest = &segments[versions..];
    if versions > 0 {
        return match is_call(rest) {
            true => IntendedRoute::Corrected(format!("/{VERSION}/{}", rest.join("/"))),
            // The gateway's own error names the right path.
            false if path == "/v1" || path.starts_with("/v1/") => IntendedRoute::Unchanged,
            false => IntendedRoute::WrongBaseUrl,
        };
    }
    if is_for_dashboard(method, path, headers) {
        return IntendedRoute::Unchanged;
    }
    if is_call(rest) {
        IntendedRoute::Corrected(format!("/{VERSION}/{}", rest.join("/")))
    } else {
        IntendedRoute::WrongBaseUrl
    }
}

/// Whether `path` is one under `/v1` in its regular form, as most requests have.
fn is_well_formed(path: &str) -> bool {
    path.strip_prefix("/v1/").is_some_and(|rest| {
        !rest.is_empty()
            && !rest.starts_with('/')
            && !rest.ends_with('/')
            && !rest.contains("//")
            && !rest.starts_with("v1/")
            && rest != VERSION
    })
}

/// Whether these are the segments, after `/v1`, of one of the gateway's paths.
fn is_call(segments: &[&str]) -> bool {
    static CALLS: LazyLock<Vec<Vec<&str>>> = LazyLock::new(|| route_segments(gateway::routes()));
    CALLS.iter().any(|pattern| matches_route(pattern, segments))
}

/// Whether these are the segments, after `/v1`, of any path of the APIs.
fn is_api_path(segments: &[&str]) -> bool {
    static OTHERS: LazyLock<Vec<Vec<&str>>> = LazyLock::new(|| route_segments(super::api_routes()));
    is_call(segments) || OTHERS.iter().any(|pattern| matches_route(pattern, segments))
}

/// The distinct paths of these routes, as segments after `/v1`.
fn route_segments(routes: Vec<(Method, &'static str)>) -> Vec<Vec<&'static str>> {
    let paths: HashSet<&str> = routes.into_iter().map(|(_, path)| path).collect();
    paths.into_iter().map(|path| path.split('/').filter(|part| !part.is_empty()).skip(1).collect()).collect()
}

/// Whether `segments` match a route: `{id}` stands for any one segment, and `{*model}` at the end for any
/// number.
fn matches_route(route: &[&str], segments: &[&str]) -> bool {
    match (route, segments) {
        ([], []) => true,
        ([any], [_, ..]) if any.starts_with("{*") => true,
        ([first, route @ ..], [segment, segments @ ..]) => {
            (first == segment || first.starts_with('{')) && matches_route(route, segments)
        }
        _ => false,
    }
}

/// Whether a request that isn't under `/v1` is for the dashboard or a monitoring path.
///
/// The dashboard gets GET requests, and POST for its functions. A browser's visit accepts a page; a request
/// with a key, or for a path that the API has and the dashboard doesn't, is a program's.
fn is_for_dashboard(method: &Method, path: &str, headers: &HeaderMap) -> bool {
    let segments = path_segments(path);
    if let ["api", rest @ ..] = &segments[..] {
        // Open WebUI has its API there, and LM Studio after a version of its own.
        let is_openai = is_call(rest) || rest.get(1..).is_some_and(is_call);
        let is_foreign = matches!(rest, [one] if OLLAMA_PATHS.contains(one)) || is_openai || names_version(rest);
        return !is_foreign || server_functions::paths().binary_search(&path).is_ok();
    }
    if super::MONITOR_PATHS.contains(&path) {
        return true;
    }
    let is_read = matches!(*method, Method::GET | Method::HEAD);
    if !is_read {
        return false;
    }
    if Address::parse(path).is_some() || is_page_visit(headers) {
        return true;
    }
    !is_foreign_call(&segments) && !is_api_path(&segments)
}

fn path_segments(path: &str) -> Vec<&str> {
    path.split('/').filter(|part| !part.is_empty()).collect()
}

/// Whether a path is that of a call at another server.
fn is_foreign_call(segments: &[&str]) -> bool {
    segments.first().is_some_and(|first| FOREIGN_PREFIXES.contains(first)) || names_version(segments)
}

/// Whether a path ends with a path of the API, after other segments.
fn names_version(segments: &[&str]) -> bool {
    let version = segments.iter().rposition(|part| *part == VERSION);
    version.is_some_and(|index| is_api_path(&segments[index + 1..]))
}

/// Whether a browser visits an address: programs that send a key don't accept a page.
fn is_page_visit(headers: &HeaderMap) -> bool {
    let has_key = headers.contains_key(header::AUTHORIZATION)
        || credentials::KEY_HEADERS.iter().any(|name| headers.contains_key(name));
    let accepts = headers.get(header::ACCEPT).and_then(|accepts| accepts.to_str().ok());
    !has_key && accepts.is_some_and(|accepts| accepts.contains("text/html"))
}

/// The same URI with another path.
fn with_path(uri: &Uri, path: &str) -> Option<Uri> {
    let path_and_query = match uri.query() {
        Some(query) => format!("{path}?{query}"),
        None => path.to_owned(),
    };
    let mut parts = uri.clone().into_parts();
    parts.path_and_query = Some(PathAndQuery::try_from(path_and_query).ok()?);
    Uri::from_parts(parts).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    const PAGE: &[(&str, &str)] = &[("accept", "text/html,application/xhtml+xml,*/*;q=0.8")];
    const KEY: &[(&str, &str)] = &[("authorization", "Bearer x"), ("accept", "text/html")];

    fn of(method: Method, path: &str, headers: &[(&'static str, &str)]) -> IntendedRoute {
        let headers = headers.iter().map(|(name, value)| (name.parse().unwrap(), value.parse().unwrap())).collect();
        intended_route(&method, path, &headers)
    }

    #[test]
    fn what_is_meant_is_certain_for_the_gateways_paths() {
        for (path, meant) in [
            ("/chat/completions", "/v1/chat/completions"),
            ("/v1/v1/messages", "/v1/messages"),
            ("/v1/v1/v1/messages/count_tokens", "/v1/messages/count_tokens"),
            ("//v1/responses", "/v1/responses"),
            ("/v1//responses/resp_1/input_items", "/v1/responses/resp_1/input_items"),
            ("/v1/embeddings/", "/v1/embeddings"),
            ("//chat//completions//", "/v1/chat/completions"),
            ("/images/generations", "/v1/images/generations"),
        ] {
            assert_eq!(of(Method::POST, path, &[]), IntendedRoute::Corrected(meant.to_owned()), "{path}");
        }
        for (path, meant) in [
            ("/models", "/v1/models"),
            ("/models/openai/gpt-x", "/v1/models/openai/gpt-x"),
            ("/v1/models/", "/v1/models"),
            ("/v1/v1/models/a%2Fb", "/v1/models/a%2Fb"),
            ("/files/file-1/content", "/v1/files/file-1/content"),
        ] {
            assert_eq!(of(Method::GET, path, KEY), IntendedRoute::Corrected(meant.to_owned()), "{path}");
            assert_eq!(of(Method::GET, path, &[]), IntendedRoute::Corrected(meant.to_owned()), "{path}");
        }
    }

    #[test]
    fn what_only_looks_like_the_api_is_elsewhere() {
        for path in [
            "/openai/deployments/gpt-x/chat/completions",
            "/openai/v1/chat/completions",
            "/api/v1/chat/completions",
            "/api/chat",
            "/api/chat/completions",
            "/api/v0/chat/completions",
            "/anthropic/v1/messages",
            "/v1beta/models/gemini:generateContent",
            "//v1/nothing",
            "/organization/costs",
            "/chat",
            "/",
        ] {
            assert_eq!(of(Method::POST, path, &[]), IntendedRoute::WrongBaseUrl, "{path}");
        }
        assert_eq!(of(Method::GET, "/api/models", KEY), IntendedRoute::WrongBaseUrl);
        for path in ["/openai/models", "/proxy/v1/models", "/organization/projects/proj_1/api_keys", "/key/v1/events"] {
            assert_eq!(of(Method::GET, path, KEY), IntendedRoute::WrongBaseUrl, "{path}");
            assert_eq!(of(Method::GET, path, PAGE), IntendedRoute::Unchanged, "{path}");
        }
    }

    #[test]
    fn pages_files_and_functions_are_what_they_are() {
        for path in [
            "/",
            "/keys",
            "/o/acme/keys",
            "/o/acme/models",
            "/sign-in",
            "/favicon.svg",
            "/nothing",
            "/healthz",
            "/metrics",
            "/api/calls/export.csv",
            "/api/live",
            "/v1/organization/costs",
            "/v1/nothing",
            "/v1/",
            "/v1",
        ] {
            for headers in [PAGE, KEY, &[]] {
                assert_eq!(of(Method::GET, path, headers), IntendedRoute::Unchanged, "{path} {headers:?}");
            }
        }
        assert_eq!(of(Method::GET, "/models", PAGE), IntendedRoute::Unchanged);
        for path in ["/api/accounts/sign_in", "/api/nothing", "/api", "/healthz", "/v1/events", "/v1/chat/completions"]
        {
            assert_eq!(of(Method::POST, path, &[]), IntendedRoute::Unchanged, "{path}");
        }
    }

    #[test]
    fn the_query_stays() {
        let uri = "http://hub.example//v1/files?limit=2".parse().unwrap();
        assert_eq!(with_path(&uri, "/v1/files").unwrap(), "http://hub.example/v1/files?limit=2");
    }
}
