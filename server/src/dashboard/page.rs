//! The page that starts the dashboard, made for each request.

use std::sync::LazyLock;

use app::addresses::Address;
use axum::{
    extract::{Request, State},
    http::{HeaderValue, Method, StatusCode, Uri, header},
    response::{Html, IntoResponse, Response},
};
use sha2::{Digest, Sha256};

use super::{assets, boot};
use crate::{context::RequestInfo, hub::Hub, security};

/// What stands in `index.html` where the boot data belongs.
const BOOT_MARK: &str = "<!--boot-->";

/// The page without its boot data, and the policy that lets just its own scripts run.
struct Page {
    html: String,
    policy: HeaderValue,
}

static PAGE: LazyLock<Option<Page>> = LazyLock::new(Page::load);

impl Page {
    fn load() -> Option<Self> {
        let html = assets::index()?;
        let policy = security::content_security_policy(&inline_script_hashes(&html)).parse().ok()?;
        Some(Self { html, policy })
    }

    /// In debug builds the dashboard may be rebuilt while the server runs.
    fn with<T>(use_page: impl FnOnce(Option<&Self>) -> T) -> T {
        if cfg!(debug_assertions) { use_page(Self::load().as_ref()) } else { use_page(PAGE.as_ref()) }
    }
}

/// Answers everything that isn't an API: a file of the dashboard, or the page itself.
pub(crate) async fn show(State(hub): State<Hub>, info: RequestInfo, request: Request) -> Response {
    let (method, uri, headers) = (request.method(), request.uri(), request.headers());
    if method != Method::GET && method != Method::HEAD {
        return (StatusCode::METHOD_NOT_ALLOWED, [(header::ALLOW, "GET, HEAD")]).into_response();
    }
    if let Some(file) = assets::file(uri.path(), headers) {
        return file;
    }
    // A missing file is told as such; the page would only confuse whatever asked for it.
    if uri.path().rsplit('/').next().is_some_and(|name| name.contains('.')) {
        return StatusCode::NOT_FOUND.into_response();
    }
    page(&hub, &info, uri).await
}

async fn page(hub: &Hub, info: &RequestInfo, uri: &Uri) -> Response {
    let boot = boot::data(hub, info, uri).await;
    Page::with(|page| {
        match page {
        None => (
            StatusCode::SERVICE_UNAVAILABLE,
            Html("<!doctype html><title>Tollhouse</title><p>The dashboard isn't built into this server. Build it with <code>make build</code>."),
        )
            .into_response(),
        Some(page) => {
            let html = page.html.replacen(BOOT_MARK, &boot, 1);
            let found = if Address::parse(uri.path()).is_some() { StatusCode::OK } else { StatusCode::NOT_FOUND };
            let mut response = (found, Html(html)).into_response();
            let headers = response.headers_mut();
            headers.insert(header::CONTENT_SECURITY_POLICY, page.policy.clone());
            headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
            response
        }
    }
    })
}

/// The hashes of the scripts that stand in `html` itself, as a policy names them (CSP level 3, section 2.3.1).
fn inline_script_hashes(html: &str) -> Vec<String> {
    html.split("<script")
        .skip(1)
        .filter_map(|rest| {
            let (attributes, rest) = rest.split_once('>')?;
            let (script, _) = rest.split_once("</script>")?;
            let runs = !attributes.contains("src=") && !attributes.contains("application/json");
            runs.then(|| format!("'sha256-{}'", base64(&Sha256::digest(script))))
        })
        .collect()
}

fn base64(bytes: &[u8]) -> String {
    use base64::Engine;
    base64::engine::general_purpose::STANDARD.encode(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_scripts_that_run_are_hashed() {
        let html = r#"<script>let a</script><script src="/a.js"></script><script type="application/json" id="boot">{}</script>"#;
        // printf 'let a' | openssl dgst -sha256 -binary | base64
        assert_eq!(inline_script_hashes(html), ["'sha256-IfEXP/8HLuXoAiy0hZVrCAcjcLsZqYFpLOHDGj8enqE='"]);
    }
}
