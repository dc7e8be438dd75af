//! A server with two organizations that store bodies, a member of each role, and a browser for each of them.

use std::{
    net::SocketAddr,
    path::{Path, PathBuf},
    sync::Arc,
};

use axum::{
    Router,
    body::Body,
    extract::ConnectInfo,
    http::{Method, Request, Response, header},
};
use domain::{
    api_keys::{CreatedApiKey, Level, NewApiKey, Scope},
    bodies::{BodySettings, DEFAULT_BODY_DAYS},
    organizations::SettingsChanges,
    permissions::Role,
    projects::Project,
};
use serde_json::Value;
use server::{
    config::{Config, ProcessOptions},
    gateway::Gateway,
    hub::Hub,
    router::router,
    v1::state::V1State,
};
use services::{
    Actor, ActorKind, OperatorSource, Organization, Services, SystemClock,
    accounts::{self, Device, NewUser},
    metering::Meter,
};
use tempfile::TempDir;
use tokio::sync::OnceCell;

use crate::{openapi::send_checked, postgres::Postgres, process::Process};

/// The variable with the provider's key in a test's configuration, and that key.
pub(crate) const PROVIDER_KEY: (&str, &str) = ("PROVIDER_KEY", "sk-of-the-operator");

pub(crate) const PASSWORD: &str = "a lantern by the harbor 41";

/// A user with a browser.
#[derive(Clone)]
pub(crate) struct Person {
    pub(crate) email: String,
    pub(crate) token: String,
    pub(crate) actor: Actor,
}

pub(crate) struct World {
    pub(crate) router: Router,
    pub(crate) hub: Hub,
    pub(crate) gateway: Gateway,
    pub(crate) services: Services,
    pub(crate) organization: Organization,
    pub(crate) project: Project,
    pub(crate) owner: Person,
    pub(crate) admin: Person,
    pub(crate) developer: Person,
    pub(crate) viewer: Person,
    /// The owner of another organization.
    pub(crate) stranger: Person,
    pub(crate) strangers_project: Project,
    data: TempDir,
    database_url: String,
}

/// The organizations and users of a world.
#[derive(Clone)]
struct People {
    organization: Organization,
    project: Project,
    owner: Person,
    admin: Person,
    developer: Person,
    viewer: Person,
    stranger: Person,
    strangers_project: Project,
}

/// A SQLite file with people, created once and copied for each test: otherwise most of a small test's time
/// would be hashing their passwords.
static POPULATED: OnceCell<(Vec<u8>, People)> = OnceCell::const_new();
/// A PostgreSQL database with people, copied likewise.
static POPULATED_POSTGRES: OnceCell<(Postgres, People)> = OnceCell::const_new();

impl People {
    async fn new(services: &Services) -> Self {
        let organization = services::organizations::create(services, "Acme", "Europe/Berlin").await.unwrap();
        let other = services::organizations::create(services, "Other", "UTC").await.unwrap();
        for organization in [&organization, &other] {
            store_bodies(services, organization).await;
        }
        let project = first_project(services, &organization).await;
        let strangers_project = first_project(services, &other).await;
        let hire = async |organization, role| person(services, organization, role).await;
        let (owner, admin) = (hire(&organization, Role::Owner).await, hire(&organization, Role::Admin).await);
        let (developer, viewer) = (hire(&organization, Role::Developer).await, hire(&organization, Role::Viewer).await);
        let stranger = hire(&other, Role::Owner).await;
        services::projects::assign(services, &command_line(&organization), project.id, &developer.email).await.unwrap();
        Self { organization, project, owner, admin, developer, viewer, stranger, strangers_project }
    }

    /// Creates people in a SQLite file, and returns it.
    async fn in_a_file() -> (Vec<u8>, Self) {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("tollhouse.db");
        let services = Services::start(&format!("sqlite://{}", file.display()), Arc::new(SystemClock)).await.unwrap();
        let people = Self::new(&services).await;
        services.database().clone().close().await.unwrap();
        (std::fs::read(file).unwrap(), people)
    }

    /// Creates people in a PostgreSQL database.
    async fn in_postgres() -> (Postgres, Self) {
        let database = Postgres::new().await;
        let services = Services::start(&database.url, Arc::new(SystemClock)).await.unwrap();
        let people = Self::new(&services).await;
        services.database().clone().close().await.unwrap();
        (database, people)
    }
}

impl World {
    /// A world on SQLite with the sandbox as the only provider.
    pub(crate) async fn new() -> Self {
        Self::on(None, "").await
    }

    /// A world on the database at this URL, or SQLite, with this configuration.
    pub(crate) async fn on(database_url: Option<String>, toml: &str) -> Self {
        Self::start(database_url, None, toml, None).await
    }

    /// A world on SQLite with this configuration and public URL.
    pub(crate) async fn reached_at(public_url: &str, toml: &str) -> Self {
        Self::start(None, None, toml, Some(public_url.to_owned())).await
    }

    /// A world on its own PostgreSQL database, which the test must drop at its end.
    pub(crate) async fn on_postgres(toml: &str) -> (Self, Postgres) {
        let (template, people) = POPULATED_POSTGRES.get_or_init(People::in_postgres).await;
        let database = Postgres::copy_of(template).await;
        (Self::start(Some(database.url.clone()), Some(people.clone()), toml, None).await, database)
    }

    /// Starts a world on a database with these people, or creates them.
    async fn start(
        database_url: Option<String>,
        people: Option<People>,
        toml: &str,
        public_url: Option<String>,
    ) -> Self {
        let data = tempfile::tempdir().unwrap();
        if !toml.is_empty() {
            std::fs::write(data.path().join("tollhouse.toml"), toml).unwrap();
        }
        let is_on_sqlite = database_url.is_none();
        let options =
            ProcessOptions { data: data.path().to_owned(), database_url, public_url, ..ProcessOptions::default() };
        let config = Config::load_with(&options, &environment).unwrap();
        let database_url = config.database_url.reveal().to_owned();
        let populated = if is_on_sqlite { Some(POPULATED.get_or_init(People::in_a_file).await) } else { None };
        if let Some((file, _)) = populated {
            std::fs::write(data.path().join("tollhouse.db"), file).unwrap();
        }
        let services = Services::start(&database_url, Arc::new(SystemClock)).await.unwrap();
        services::models::apply(&services, config.offered_models()).await.unwrap();
        services.set_quotas(config.quotas).await.unwrap();
        let people = match people.or_else(|| populated.map(|(_, people)| people.clone())) {
            Some(people) => people,
            None => People::new(&services).await,
        };
        let People { organization, project, owner, admin, developer, viewer, stranger, strangers_project } = people;
        let meter = Meter::start(&services, config.journal()).await.unwrap();
        let v1 = V1State::start(&services, &config);
        let gateway = Gateway::new(v1.clone(), meter.clone(), &config).unwrap();
        let hub = Hub::new(config, services.clone(), meter);
        let router = router(hub.clone(), v1, gateway.clone());
        Self {
            router,
            hub,
            gateway,
            services,
            organization,
            project,
            owner,
            admin,
            developer,
            viewer,
            stranger,
            strangers_project,
            data,
            database_url,
        }
    }

    /// Starts a server as a separate process on the same database; its log is filtered by `log`.
    pub(crate) async fn serve(&self, log: &str) -> Process {
        Process::start(self.data.path(), &self.database_url, log).await
    }

    /// Starts a server on a database that it reaches at another URL.
    pub(crate) async fn serve_on(&self, database_url: &str, log: &str) -> Process {
        Process::start(self.data.path(), database_url, log).await
    }

    /// Starts a server with further environment variables.
    pub(crate) async fn serve_with(&self, log: &str, more: &[(&str, &str)]) -> Process {
        Process::start_with(self.data.path(), &self.database_url, log, more).await
    }

    /// The servers' data folder.
    pub(crate) fn data(&self) -> &Path {
        self.data.path()
    }

    /// The SQLite database's file.
    pub(crate) fn database_file(&self) -> PathBuf {
        self.data.path().join("tollhouse.db")
    }

    /// The folder of the meters' journals.
    pub(crate) fn journal(&self) -> PathBuf {
        self.data.path().join("journal")
    }

    /// Sends a request as a browser on the dashboard does.
    pub(crate) async fn post(&self, path: &str, token: Option<&str>, body: &Value) -> Response<Body> {
        let mut request = Request::post(path)
            .header(header::HOST, "127.0.0.1:3000")
            .header(header::CONTENT_TYPE, "application/json")
            .header("sec-fetch-site", "same-origin");
        if let Some(token) = token {
            request = request.header(header::COOKIE, format!("tollhouse={token}"));
        }
        self.send(request.body(Body::from(body.to_string())).unwrap()).await
    }

    pub(crate) async fn get(&self, path: &str, token: Option<&str>) -> Response<Body> {
        let mut request =
            Request::get(path).header(header::HOST, "127.0.0.1:3000").header("sec-fetch-site", "same-origin");
        if let Some(token) = token {
            request = request.header(header::COOKIE, format!("tollhouse={token}"));
        }
        self.send(request.body(Body::empty()).unwrap()).await
    }

    /// Sends a request from this machine. The answer is compared with the OpenAPI document.
    pub(crate) async fn send(&self, request: Request<Body>) -> Response<Body> {
        self.send_from([127, 0, 0, 1], request).await
    }

    /// Sends a request from elsewhere.
    pub(crate) async fn send_from(&self, address: [u8; 4], mut request: Request<Body>) -> Response<Body> {
        request.extensions_mut().insert(ConnectInfo(SocketAddr::from((address, 50_000))));
        send_checked(&self.router, request).await
    }

    /// A key that `person` created in the project of their organization.
    pub(crate) async fn key(&self, person: &Person) -> CreatedApiKey {
        let project =
            if person.actor.organization.id == self.organization.id { &self.project } else { &self.strangers_project };
        let new_key = NewApiKey::plain("a key", Level::Standard, Some(project.id));
        services::api_keys::create(&self.services, &person.actor, new_key).await.unwrap()
    }

    /// A key of this level in the first organization, or in its first project, with changes before it is
    /// created.
    pub(crate) async fn key_with(&self, level: Level, change: impl FnOnce(&mut NewApiKey)) -> CreatedApiKey {
        let mut new_key = NewApiKey::plain("a key", level, level.needs_project().then_some(self.project.id));
        change(&mut new_key);
        services::api_keys::create(&self.services, &command_line(&self.organization), new_key).await.unwrap()
    }

    /// An admin key of the first organization with these scopes; without any it has all.
    pub(crate) async fn admin_key(&self, scopes: &[Scope]) -> String {
        self.key_with(Level::Admin, |key| key.scopes = scopes.to_vec()).await.secret
    }

    /// Sends a request as a program does, with or without a key.
    pub(crate) async fn call(&self, method: &Method, path: &str, key: Option<&str>, body: &Value) -> Response<Body> {
        self.send(program(method, path, key, body)).await
    }
}

/// A secret with another last character.
pub(crate) fn mistyped(secret: &str) -> String {
    let other = if secret.ends_with('x') { 'y' } else { 'x' };
    format!("{}{other}", &secret[..secret.len() - 1])
}

/// A program's request, with or without a key.
pub(crate) fn program(method: &Method, uri: &str, key: Option<&str>, body: &Value) -> Request<Body> {
    let mut request = Request::builder().method(method).uri(uri).header(header::USER_AGENT, "a program/1.0");
    if let Some(key) = key {
        request = request.header(header::AUTHORIZATION, format!("Bearer {key}"));
    }
    request.body(if body.is_null() { Body::empty() } else { Body::from(body.to_string()) }).unwrap()
}

/// Has an organization store the bodies of its calls.
async fn store_bodies(services: &Services, organization: &Organization) {
    let bodies = BodySettings { days: Some(DEFAULT_BODY_DAYS), ..BodySettings::default() };
    let changes = SettingsChanges { bodies: Some(bodies), ..SettingsChanges::default() };
    services::organizations::update_settings(services, &command_line(organization), changes).await.unwrap();
}

pub(crate) fn command_line(organization: &Organization) -> Actor {
    Actor { organization: organization.clone(), kind: ActorKind::Operator(OperatorSource::CommandLine), ip: None }
}

pub(crate) async fn json(response: Response<Body>) -> Value {
    let bytes = axum::body::to_bytes(response.into_body(), usize::MAX).await.unwrap();
    serde_json::from_slice(&bytes).unwrap_or_else(|_| Value::String(String::from_utf8_lossy(&bytes).into_owned()))
}

/// The environment of a server.
fn environment(name: &str) -> Option<String> {
    let (variable, key) = PROVIDER_KEY;
    (name == variable).then(|| key.to_owned())
}

async fn first_project(services: &Services, organization: &Organization) -> Project {
    services::projects::list(services, &command_line(organization)).await.unwrap().remove(0)
}

async fn person(services: &Services, organization: &Organization, role: Role) -> Person {
    let email = format!("{role}@{}.example", organization.slug);
    let new = NewUser { email: email.clone(), name: role.label().to_owned(), password: PASSWORD.to_owned(), role };
    accounts::create_user(services, organization, new).await.unwrap();
    let device = Device { ip: None, user_agent: "test".to_owned() };
    let signed_in = accounts::sign_in(
        services,
        domain::accounts::SignIn { email: email.clone(), password: PASSWORD.to_owned() },
        &device,
    )
    .await
    .unwrap();
    let actor = accounts::actor(services, &signed_in.user, &organization.slug, None).await.unwrap();
    Person { email, token: signed_in.token, actor }
}

pub(crate) async fn text(response: Response<Body>) -> String {
    let bytes = axum::body::to_bytes(response.into_body(), usize::MAX).await.unwrap();
    String::from_utf8_lossy(&bytes).into_owned()
}
