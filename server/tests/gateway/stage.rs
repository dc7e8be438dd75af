//! A gateway on loopback, with an organization that stores bodies, a project and a key.

use std::{net::SocketAddr, sync::Arc};

use axum::http::{HeaderMap, Method, Request, Response, StatusCode};
use bytes::Bytes;
use domain::{
    api_keys::{CreatedApiKey, Level, NewApiKey},
    bodies::{BodySettings, DEFAULT_BODY_DAYS},
    calls::{Call, CallQuery},
    ids::ProjectId,
    organizations::SettingsChanges,
};
use futures::TryStreamExt;
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use hyper_util::{
    client::legacy::{Client, connect::HttpConnector},
    rt::TokioExecutor,
};
use serde_json::Value;
use server::{
    config::{Config, ProcessOptions},
    connections,
    gateway::{self, Gateway},
    hub::Hub,
    v1::state::V1State,
};
use services::{Actor, ActorKind, Clock, OperatorSource, Services, SystemClock, metering::Meter};
use tempfile::TempDir;
use tokio::net::TcpListener;

use super::upstream::Upstream;

pub(crate) const CHAT: &str = "/v1/chat/completions";
pub(crate) const EMBEDDINGS: &str = "/v1/embeddings";
/// The gateway's key for providers.
pub(crate) const PROVIDER_KEY: &str = "sk-of-the-operator";

pub(crate) struct Stage {
    pub(crate) address: SocketAddr,
    pub(crate) services: Services,
    pub(crate) meter: Meter,
    pub(crate) gateway: Gateway,
    pub(crate) actor: Actor,
    pub(crate) project: ProjectId,
    pub(crate) key: CreatedApiKey,
    client: Client<HttpConnector, Full<Bytes>>,
    _data: TempDir,
}

/// A complete answer.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Bytes,
}

impl Answer {
    pub(crate) fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap()
    }

    pub(crate) fn text(&self) -> &str {
        std::str::from_utf8(&self.body).unwrap()
    }

    /// The error's code.
    pub(crate) fn code(&self) -> String {
        self.json()["error"]["code"].as_str().unwrap().to_owned()
    }

    pub(crate) fn id(&self) -> &str {
        self.headers["x-request-id"].to_str().unwrap()
    }
}

impl Stage {
    /// Starts a gateway to `upstream` and the sandbox.
    pub(crate) async fn new(upstream: &Upstream) -> Self {
        Self::with(&[upstream], "").await
    }

    /// Starts a gateway to these providers, tried in order, with more lines for the
    /// configuration's `[gateway]` table.
    pub(crate) async fn with(upstreams: &[&Upstream], limits: &str) -> Self {
        Self::with_clock(Arc::new(SystemClock), upstreams, limits).await
    }

    /// Starts a gateway with another clock.
    pub(crate) async fn with_clock(clock: Arc<dyn Clock>, upstreams: &[&Upstream], limits: &str) -> Self {
        let provider = |(number, upstream): (usize, &&Upstream)| {
            format!(
                "[[provider]]\nname = \"upstream-{number}\"\nkind = \"openai\"\nbase_url = \"http://{}/v1\"\n\
                 api_key_env = \"KEY\"\n",
                upstream.address
            )
        };
        let providers: String = upstreams.iter().enumerate().map(provider).collect();
        let names: Vec<String> = (0..upstreams.len()).map(|number| format!("upstream-{number}")).collect();
        let toml = format!(
            r#"{providers}
[[provider]]
name = "sandbox"
kind = "sandbox"

[[model]]
name = "gpt-x"
providers = {names:?}
upstream_name = "gpt-x-2026"
service = "chat"
price = {{ input_per_million = "0.25", cached_input_per_million = "0.025", output_per_million = "2.00" }}

[[model]]
name = "gpt-unpriced"
providers = {names:?}
service = "chat"

[[model]]
name = "embed-x"
providers = {names:?}
service = "embeddings"
price = {{ input_per_million = "0.02" }}

[[model]]
name = "sandbox-1"
providers = ["sandbox"]
service = "chat"
price = {{ input_per_million = "1.00", output_per_million = "2.00" }}

[[model]]
name = "sandbox-embed"
providers = ["sandbox"]
service = "embeddings"
price = {{ input_per_million = "1.00" }}

[gateway]
{limits}
"#
        );
        let data = tempfile::tempdir().unwrap();
        std::fs::write(data.path().join("tollhouse.toml"), toml).unwrap();
        let options = ProcessOptions { data: data.path().to_owned(), ..ProcessOptions::default() };
        let config = Config::load_with(&options, &|_| Some(PROVIDER_KEY.to_owned())).unwrap();
        let services = Services::start(config.database_url.reveal(), clock).await.unwrap();
        services::models::apply(&services, config.offered_models()).await.unwrap();
        services.set_quotas(config.quotas).await.unwrap();
        let organization = services::organizations::create(&services, "Acme", "Asia/Kathmandu").await.unwrap();
        let actor = Actor { organization, kind: ActorKind::Operator(OperatorSource::CommandLine), ip: None };
        let bodies = BodySettings { days: Some(DEFAULT_BODY_DAYS), ..BodySettings::default() };
        let changes = SettingsChanges { bodies: Some(bodies), ..SettingsChanges::default() };
        services::organizations::update_settings(&services, &actor, changes).await.unwrap();
        let project = services::projects::find(&services, &actor, "default").await.unwrap().id;
        let key = services::api_keys::create(&services, &actor, new_key(Some(project), Level::Standard)).await.unwrap();
        let meter = Meter::start(&services, config.journal()).await.unwrap();
        let gateway = Gateway::new(V1State::start(&services, &config), meter.clone(), &config).unwrap();
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let hub = Hub::new(config, services.clone(), meter.clone());
        tokio::spawn(connections::serve(listener, gateway::router(gateway.clone()), hub, std::future::pending()));
        let client = Client::builder(TokioExecutor::new()).build_http();
        Self { address, services, meter, gateway, actor, project, key, client, _data: data }
    }

    /// Starts a gateway whose only working provider is the sandbox.
    pub(crate) async fn sandbox() -> Self {
        Self::new(&Upstream::down().await).await
    }

    pub(crate) async fn key(&self, change: impl FnOnce(&mut NewApiKey)) -> CreatedApiKey {
        let mut key = new_key(Some(self.project), Level::Standard);
        change(&mut key);
        services::api_keys::create(&self.services, &self.actor, key).await.unwrap()
    }

    pub(crate) async fn send(&self, request: Request<Full<Bytes>>) -> Response<Incoming> {
        self.client.request(request).await.unwrap()
    }

    /// Sends a request with these headers, and reads the whole answer.
    pub(crate) async fn request(
        &self,
        method: Method,
        path: &str,
        headers: &[(&str, &str)],
        body: impl Into<Bytes>,
    ) -> Answer {
        let mut request = Request::builder().method(method).uri(format!("http://{}{path}", self.address));
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        read(self.send(request.body(Full::new(body.into())).unwrap()).await).await
    }

    /// Posts with the stage's key.
    pub(crate) async fn post(&self, path: &str, body: impl Into<Bytes>) -> Answer {
        read(self.post_unread(path, body).await).await
    }

    /// Posts with the stage's key, and doesn't read the answer's body.
    pub(crate) async fn post_unread(&self, path: &str, body: impl Into<Bytes>) -> Response<Incoming> {
        let request = Request::post(format!("http://{}{path}", self.address))
            .header("authorization", format!("Bearer {}", self.key.secret))
            .header("content-type", "application/json")
            .body(Full::new(body.into()));
        self.send(request.unwrap()).await
    }

    /// All calls in the log, newest first.
    pub(crate) async fn calls(&self) -> Vec<Call> {
        let pages = services::calls::export(&self.services, &self.actor, &CallQuery::default()).await.unwrap();
        let pages: Vec<Vec<Call>> = pages.try_collect().await.unwrap();
        pages.into_iter().flatten().collect()
    }

    /// The only call in the log.
    pub(crate) async fn call(&self) -> Call {
        let mut calls = self.calls().await;
        assert_eq!(calls.len(), 1, "{calls:?}");
        calls.remove(0)
    }
}

pub(crate) async fn read(response: Response<Incoming>) -> Answer {
    let (parts, body) = response.into_parts();
    let body = body.collect().await.unwrap().to_bytes();
    Answer { status: parts.status, headers: parts.headers, body }
}

fn new_key(project_id: Option<ProjectId>, level: Level) -> NewApiKey {
    NewApiKey::plain("web", level, project_id)
}
