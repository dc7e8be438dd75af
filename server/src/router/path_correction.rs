//! What is meant by a path that isn't quite one of ours: the base URL is what clients are set up with most often wrongly.
//!
//! Where that is certain, it is what is answered: the gateway's paths without `/v1`, with `/v1` twice, with slashes twice or
//! at their end. What only looks like a call, such as Azure's `/openai/deployments/…`, is told the right base URL in the
//! client's form. Everything else is the dashboard's.

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
    management, server_functions,
    v1::credentials,
};

/// What paths under `/v1` begin with.
const VERSION: &str = "v1";
/// What base URLs of other servers begin with: Azure's, those of proxies before Anthropic and others, and Gemini's.
const OTHERS: [&str; 7] = ["anthropic", "azure", "deployments", "openai", "v1alpha", "v1beta", "v2"];
/// What Ollama's own API has under `/api`, where the dashboard's functions are here.
const OLLAMAS: [&str; 8] = ["chat", "embed", "embeddings", "generate", "ps", "show", "tags", "version"];

/// What a request is for.
#[derive(Clone, Debug, Eq, PartialEq)]
enum Meant {
    /// What its path says.
    Itself,
    /// This path, beyond doubt.
    Path(String),
    /// Something of the API, at an address that isn't this server's.
    Elsewhere,
}

/// Lets a request have the path that it means.
pub(super) async fn take(State(gateway): State<Gateway>, mut request: Request, next: Next) -> Response {
    match meant(request.method(), request.uri().path(), request.headers()) {
        Meant::Itself => next.run(request).await,
        Meant::Path(path) => {
            if let Some(uri) = with_path(request.uri(), &path) {
                *request.uri_mut() = uri;
            }
            next.run(request).await
        }
        Meant::Elsewhere => {
            let (request, _) = request.into_parts();
            let is_a_call = is_another_servers(&parts_of_path(request.uri.path()));
            gateway::nothing_elsewhere(&gateway, &request, is_a_call)
        }
    }
}

fn meant(method: &Method, path: &str, headers: &HeaderMap) -> Meant {
    if is_as_it_should_be(path) {
        return Meant::Itself;
    }
    let parts = parts_of_path(path);
    let versions = parts.iter().take_while(|part| **part == VERSION).count();
    let rest = &parts[versions..];
    if versions > 0 {
        return match is_call(rest) {
            true => Meant::Path(format!("/{VERSION}/{}", rest.join("/"))),
            // There it is told what is right.
            false if path == "/v1" || path.starts_with("/v1/") => Meant::Itself,
            false => Meant::Elsewhere,
        };
    }
    if is_for_a_browser(method, path, headers) {
        return Meant::Itself;
    }
    if is_call(rest) { Meant::Path(format!("/{VERSION}/{}", rest.join("/"))) } else { Meant::Elsewhere }
}

/// Whether `path` is one under `/v1` that is written as all of them are: most requests.
fn is_as_it_should_be(path: &str) -> bool {
    path.strip_prefix("/v1/").is_some_and(|rest| {
        !rest.is_empty()
            && !rest.starts_with('/')
            && !rest.ends_with('/')
            && !rest.contains("//")
            && !rest.starts_with("v1/")
            && rest != VERSION
    })
}

/// Whether these are the parts of one of the gateway's paths, behind `/v1`.
fn is_call(parts: &[&str]) -> bool {
    static CALLS: LazyLock<Vec<Vec<&str>>> = LazyLock::new(|| parts_of(gateway::routes()));
    CALLS.iter().any(|pattern| fits(pattern, parts))
}

/// The same of the gateway's and the management API's.
fn is_in_the_api(parts: &[&str]) -> bool {
    static MANAGEMENT: LazyLock<Vec<Vec<&str>>> = LazyLock::new(|| parts_of(management::routes()));
    is_call(parts) || MANAGEMENT.iter().any(|pattern| fits(pattern, parts))
}

/// The paths of these routes, each as often as it differs, in parts behind `/v1`.
fn parts_of(routes: Vec<(Method, &'static str)>) -> Vec<Vec<&'static str>> {
    let paths: HashSet<&str> = routes.into_iter().map(|(_, path)| path).collect();
    paths.into_iter().map(|path| path.split('/').filter(|part| !part.is_empty()).skip(1).collect()).collect()
}

/// Whether `parts` are those of a route: `{id}` stands for any one, and `{*model}` at the end for any number.
fn fits(route: &[&str], parts: &[&str]) -> bool {
    match (route, parts) {
        ([], []) => true,
        ([any], [_, ..]) if any.starts_with("{*") => true,
        ([first, route @ ..], [part, parts @ ..]) => (first == part || first.starts_with('{')) && fits(route, parts),
        _ => false,
    }
}

/// Whether a request that isn't under `/v1` is the dashboard's to answer, or a monitor's.
///
/// The dashboard is asked by GET, and by POST for its functions. A browser's visit says that it wants a page; who shows a
/// key, or asks for something that the dashboard doesn't have and the API does, is a program.
fn is_for_a_browser(method: &Method, path: &str, headers: &HeaderMap) -> bool {
    let parts = parts_of_path(path);
    if let ["api", rest @ ..] = &parts[..] {
        // Open WebUI has its API there, and LM Studio behind a version of its own.
        let is_openais = is_call(rest) || rest.get(1..).is_some_and(is_call);
        let is_foreign = matches!(rest, [one] if OLLAMAS.contains(one)) || is_openais || tells_version(rest);
        return !is_foreign || server_functions::paths().binary_search(&path).is_ok();
    }
    if crate::router::MONITORS.contains(&path) {
        return true;
    }
    let reads = matches!(*method, Method::GET | Method::HEAD);
    if !reads {
        return false;
    }
    if Address::parse(path).is_some() || wants_a_page(headers) {
        return true;
    }
    !is_another_servers(&parts) && !is_in_the_api(&parts)
}

fn parts_of_path(path: &str) -> Vec<&str> {
    path.split('/').filter(|part| !part.is_empty()).collect()
}

/// Whether a path would be that of a call at another server.
fn is_another_servers(parts: &[&str]) -> bool {
    parts.first().is_some_and(|first| OTHERS.contains(first)) || tells_version(parts)
}

/// Whether a path of the API stands behind something else.
fn tells_version(parts: &[&str]) -> bool {
    let version = parts.iter().rposition(|part| *part == VERSION);
    version.is_some_and(|at| is_in_the_api(&parts[at + 1..]))
}

/// Whether a browser visits an address: programs that show a key ask for no page.
fn wants_a_page(headers: &HeaderMap) -> bool {
    let shows_key = headers.contains_key(header::AUTHORIZATION)
        || credentials::KEY_HEADERS.iter().any(|name| headers.contains_key(name));
    let accepts = headers.get(header::ACCEPT).and_then(|accepts| accepts.to_str().ok());
    !shows_key && accepts.is_some_and(|accepts| accepts.contains("text/html"))
}

/// The same address with another path.
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

    fn of(method: Method, path: &str, headers: &[(&'static str, &str)]) -> Meant {
        let headers = headers.iter().map(|(name, value)| (name.parse().unwrap(), value.parse().unwrap())).collect();
        meant(&method, path, &headers)
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
            assert_eq!(of(Method::POST, path, &[]), Meant::Path(meant.to_owned()), "{path}");
        }
        for (path, meant) in [
            ("/models", "/v1/models"),
            ("/models/openai/gpt-x", "/v1/models/openai/gpt-x"),
            ("/v1/models/", "/v1/models"),
            ("/v1/v1/models/a%2Fb", "/v1/models/a%2Fb"),
            ("/files/file-1/content", "/v1/files/file-1/content"),
        ] {
            assert_eq!(of(Method::GET, path, KEY), Meant::Path(meant.to_owned()), "{path}");
            assert_eq!(of(Method::GET, path, &[]), Meant::Path(meant.to_owned()), "{path}");
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
            assert_eq!(of(Method::POST, path, &[]), Meant::Elsewhere, "{path}");
        }
        assert_eq!(of(Method::GET, "/api/models", KEY), Meant::Elsewhere);
        for path in ["/openai/models", "/proxy/v1/models", "/organization/projects/proj_1/api_keys", "/key/v1/events"] {
            assert_eq!(of(Method::GET, path, KEY), Meant::Elsewhere, "{path}");
            assert_eq!(of(Method::GET, path, PAGE), Meant::Itself, "{path}");
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
                assert_eq!(of(Method::GET, path, headers), Meant::Itself, "{path} {headers:?}");
            }
        }
        assert_eq!(of(Method::GET, "/models", PAGE), Meant::Itself);
        for path in ["/api/accounts/sign_in", "/api/nothing", "/api", "/healthz", "/v1/events", "/v1/chat/completions"]
        {
            assert_eq!(of(Method::POST, path, &[]), Meant::Itself, "{path}");
        }
    }

    #[test]
    fn the_query_stays() {
        let uri = "http://hub.example//v1/files?limit=2".parse().unwrap();
        assert_eq!(with_path(&uri, "/v1/files").unwrap(), "http://hub.example/v1/files?limit=2");
    }
}
