//! A server with two organizations, one member of each role, and a browser for each of them.

use std::{net::SocketAddr, sync::Arc};

use axum::{
    Router,
    body::Body,
    extract::ConnectInfo,
    http::{Request, Response, header},
};
use domain::{
    api_keys::{CreatedApiKey, Level, NewApiKey},
    permissions::Role,
    projects::Project,
};
use serde_json::Value;
use server::{
    config::{Config, Options},
    gateway::Gateway,
    hub::Hub,
    router::router,
};
use services::{
    Actor, Organization, Services, SystemClock, Who,
    accounts::{self, Device, NewUser},
    metering::Meter,
};
use tempfile::TempDir;
use tower::ServiceExt;

pub(crate) const PASSWORD: &str = "a lantern by the harbor 41";

/// Somebody with a browser.
#[derive(Clone)]
pub(crate) struct Person {
    pub(crate) email: String,
    pub(crate) token: String,
    pub(crate) actor: Actor,
}

pub(crate) struct World {
    pub(crate) router: Router,
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
    _data: TempDir,
}

impl World {
    pub(crate) async fn new() -> Self {
        let data = tempfile::tempdir().unwrap();
        let options = Options { data: data.path().to_owned(), ..Options::default() };
        let config = Config::load_with(&options, &|_| None).unwrap();
        let services = Services::start(config.database_url.reveal(), Arc::new(SystemClock)).await.unwrap();
        services::models::apply(&services, config.offered_models()).await.unwrap();
        let organization = services::organizations::create(&services, "Acme", "Europe/Berlin").await.unwrap();
        let other = services::organizations::create(&services, "Other", "UTC").await.unwrap();
        let project = first_project(&services, &organization).await;
        let strangers_project = first_project(&services, &other).await;
        let hire = async |organization, role| person(&services, organization, role).await;
        let (owner, admin) = (hire(&organization, Role::Owner).await, hire(&organization, Role::Admin).await);
        let (developer, viewer) = (hire(&organization, Role::Developer).await, hire(&organization, Role::Viewer).await);
        let stranger = hire(&other, Role::Owner).await;
        services::projects::assign(&services, &command_line(&organization), project.id, &developer.email)
            .await
            .unwrap();
        let meter = Meter::start(&services);
        let gateway = Gateway::new(services.clone(), meter.clone(), &config).unwrap();
        let router = router(Hub::new(config, services.clone(), meter), gateway);
        Self {
            router,
            services,
            organization,
            project,
            owner,
            admin,
            developer,
            viewer,
            stranger,
            strangers_project,
            _data: data,
        }
    }

    /// Sends what a browser on the dashboard would.
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

    /// Sends a request from this machine.
    pub(crate) async fn send(&self, mut request: Request<Body>) -> Response<Body> {
        request.extensions_mut().insert(ConnectInfo(SocketAddr::from(([127, 0, 0, 1], 50_000))));
        self.router.clone().oneshot(request).await.unwrap()
    }

    /// A key that `person` made in the project of their organization.
    pub(crate) async fn key(&self, person: &Person) -> CreatedApiKey {
        let project =
            if person.actor.organization.id == self.organization.id { &self.project } else { &self.strangers_project };
        let asked = NewApiKey {
            name: "a key".to_owned(),
            description: String::new(),
            project_id: Some(project.id),
            level: Level::Standard,
            models: Vec::new(),
            expires_in_days: None,
        };
        services::api_keys::create(&self.services, &person.actor, asked).await.unwrap()
    }
}

pub(crate) fn command_line(organization: &Organization) -> Actor {
    Actor { organization: organization.clone(), who: Who::CommandLine, ip: None }
}

pub(crate) async fn json(response: Response<Body>) -> Value {
    let bytes = axum::body::to_bytes(response.into_body(), usize::MAX).await.unwrap();
    serde_json::from_slice(&bytes).unwrap_or_else(|_| Value::String(String::from_utf8_lossy(&bytes).into_owned()))
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
