//! The page that starts the dashboard, rendered for each request.

use std::{collections::HashMap, sync::LazyLock};

use app::addresses::{Address, CodePart};
use axum::{
    extract::{Request, State},
    http::{HeaderValue, Method, StatusCode, Uri, header},
    response::{Html, IntoResponse, Response},
};
use sha2::{Digest, Sha256};

use super::{assets, boot};
use crate::{context::RequestInfo, hub::Hub, security};

/// The placeholder for the boot data in `index.html`.
const BOOT_MARK: &str = "<!--boot-->";
/// The placeholder for links to the code that only this visit needs first.
const PART_MARK: &str = "<!--part-->";

/// The page without a visit's data, and the policy that allows only its own scripts.
struct Page {
    html: String,
    policy: HeaderValue,
    /// For each part of the code, links that let the browser load it at once, along with the code that every
    /// visit needs.
    links: HashMap<CodePart, String>,
}

static PAGE: LazyLock<Option<Page>> = LazyLock::new(Page::load);

impl Page {
    fn load() -> Option<Self> {
        let html = assets::index()?;
        let policy = security::content_security_policy(&inline_script_hashes(&html)).parse().ok()?;
        let parts = assets::parts().unwrap_or_else(|error| {
            tracing::error!(%error, "parts.json can't be read: pages load their code later than they could");
            HashMap::new()
        });
        Some(Self { html, policy, links: parts.into_iter().map(|(part, files)| (part, preload(&files))).collect() })
    }

    /// The page with a visit's links and boot data.
    fn with_data(&self, part: Option<CodePart>, boot: &str) -> String {
        let links = part.and_then(|part| self.links.get(&part)).map_or("", String::as_str);
        self.html.replacen(PART_MARK, links, 1).replacen(BOOT_MARK, boot, 1)
    }

    /// Calls `use_page` with the page. Debug builds load it each time, since the dashboard may be rebuilt
    /// while the server runs.
    fn with_current<T>(use_page: impl FnOnce(Option<&Self>) -> T) -> T {
        if cfg!(debug_assertions) { use_page(Self::load().as_ref()) } else { use_page(PAGE.as_ref()) }
    }
}

/// Answers all paths outside the API: with a file of the dashboard, or the page itself.
pub(crate) async fn show(State(hub): State<Hub>, info: RequestInfo, request: Request) -> Response {
    let (method, uri, headers) = (request.method(), request.uri(), request.headers());
    if method != Method::GET && method != Method::HEAD {
        return (StatusCode::METHOD_NOT_ALLOWED, [(header::ALLOW, "GET, HEAD")]).into_response();
    }
    if let Some(file) = assets::file(uri.path(), headers) {
        return file;
    }
    // A missing file gets 404; the page would only confuse its client.
    if uri.path().rsplit('/').next().is_some_and(|name| name.contains('.')) {
        return StatusCode::NOT_FOUND.into_response();
    }
    page(&hub, &info, uri).await
}

async fn page(hub: &Hub, info: &RequestInfo, uri: &Uri) -> Response {
    // Without data, as the API refuses it too.
    let data = if info.is_exposed { boot::BootData::default() } else { boot::data(hub, info, uri).await };
    Page::with_current(|page| {
        match page {
        None => (
            StatusCode::SERVICE_UNAVAILABLE,
            Html("<!doctype html><title>Tollhouse</title><p>The dashboard isn't built into this server. Build it with <code>make build</code>."),
        )
            .into_response(),
        Some(page) => {
            let address = Address::parse(uri.path());
            let html = page.with_data(address.as_ref().map(|address| address.first_part(data.signed_in)), &data.json);
            let exists = address.is_some() && !data.is_missing;
            let status = if exists { StatusCode::OK } else { StatusCode::NOT_FOUND };
            let mut response = (status, Html(html)).into_response();
            let headers = response.headers_mut();
            headers.insert(header::CONTENT_SECURITY_POLICY, page.policy.clone());
            headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
            response
        }
    }
    })
}

/// Links that let a browser fetch these files before a script needs them.
fn preload(files: &[String]) -> String {
    let link = |file| format!(r#"<link rel="preload" href="{file}" as="fetch" type="application/wasm" crossorigin>"#);
    files.iter().map(link).collect()
}

/// The hashes of the inline scripts in `html`, as a policy lists them (CSP level 3, section 2.3.1).
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
    fn a_page_links_to_its_own_code_only() {
        let page = Page {
            html: format!("<head>{PART_MARK}</head>{BOOT_MARK}"),
            policy: HeaderValue::from_static(""),
            links: HashMap::from([
                (CodePart::Usage, preload(&["/usage-1.wasm".to_owned()])),
                (CodePart::Logs, preload(&["/logs-1.wasm".to_owned()])),
            ]),
        };
        let link = r#"<link rel="preload" href="/usage-1.wasm" as="fetch" type="application/wasm" crossorigin>"#;
        assert_eq!(page.with_data(Some(CodePart::Usage), "{}"), format!("<head>{link}</head>{{}}"));
        assert_eq!(page.with_data(Some(CodePart::Account), "{}"), "<head></head>{}");
    }

    #[test]
    fn only_scripts_that_run_are_hashed() {
        let html = r#"<script>let a</script><script src="/a.js"></script><script type="application/json" id="boot">{}</script>"#;
        // printf 'let a' | openssl dgst -sha256 -binary | base64
        assert_eq!(inline_script_hashes(html), ["'sha256-IfEXP/8HLuXoAiy0hZVrCAcjcLsZqYFpLOHDGj8enqE='"]);
    }
}
