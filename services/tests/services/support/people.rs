//! Organizations, their members and their keys.

use domain::{
    accounts::SignUp,
    api_keys::{ApiKey, KeyQuery, Level, NewApiKey, Scope, Secret},
    bodies::BodySettings,
    ids::ProjectId,
    models::Service,
    money::Price,
    organizations::SettingsChanges,
    permissions::Role,
    projects::Project,
};
use patience::wait_for;
use services::{
    Actor, ActorKind, OperatorSource, Organization,
    accounts::{self, Device, NewUser, SignedIn},
    api_keys::{
        self, LeakReport,
        directory::{KeyDirectory, KeyVerification},
        report_leaks,
    },
    models, organizations, projects,
};

use super::World;

/// A password that is hard to guess.
pub(crate) const PASSWORD: &str = "copper lantern drifts north";

pub(crate) fn device() -> Device {
    Device {
        ip: Some("192.0.2.7".parse().unwrap()),
        user_agent: "Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0".to_owned(),
    }
}

pub(crate) fn sign_up_input(name: &str, organization: &str) -> SignUp {
    SignUp {
        name: name.to_owned(),
        email: format!("{}@example.com", name.to_lowercase()),
        password: PASSWORD.to_owned(),
        organization: organization.to_owned(),
        time_zone: "Europe/Berlin".to_owned(),
    }
}

impl World {
    pub(crate) async fn sign_up(&self, name: &str, organization: &str) -> SignedIn {
        accounts::sign_up(&self.services, sign_up_input(name, organization), &device()).await.unwrap()
    }

    /// A signed-in user as an actor in their organization.
    pub(crate) async fn actor_of(&self, signed_in: &SignedIn) -> Actor {
        let viewer = accounts::viewer(&self.services, &signed_in.user).await.unwrap();
        let slug = viewer.last_organization.unwrap();
        accounts::actor(&self.services, &signed_in.user, &slug, device().ip).await.unwrap()
    }

    /// Creates an organization, with the command line as an actor in it.
    pub(crate) async fn organization(&self, name: &str, time_zone: &str) -> Actor {
        let organization = organizations::create(&self.services, name, time_zone).await.unwrap();
        Actor { organization, kind: ActorKind::Operator(OperatorSource::CommandLine), ip: None }
    }

    pub(crate) async fn member(&self, organization: &Organization, name: &str, role: Role) -> Actor {
        let user =
            NewUser { email: email(organization, name), name: name.to_owned(), role, password: PASSWORD.to_owned() };
        let id = accounts::create_user(&self.services, organization, user).await.unwrap();
        let kind = ActorKind::Member { id, name: name.to_owned(), role, session: None };
        Actor { organization: organization.clone(), kind, ip: device().ip }
    }

    /// Chooses for how many days an organization stores bodies; `None` to store none.
    pub(crate) async fn choose_body_days(&self, actor: &Actor, days: Option<u32>) {
        let bodies = BodySettings { days, ..BodySettings::default() };
        let changes = SettingsChanges { bodies: Some(bodies), ..SettingsChanges::default() };
        organizations::update_settings(&self.services, actor, changes).await.unwrap();
    }

    pub(crate) async fn project(&self, actor: &Actor, name: &str) -> Project {
        projects::create(&self.services, actor, name, "").await.unwrap()
    }

    pub(crate) async fn default_project(&self, actor: &Actor) -> ProjectId {
        projects::find(&self.services, actor, "default").await.unwrap().id
    }

    pub(crate) async fn assign(&self, actor: &Actor, project: ProjectId, name: &str) {
        projects::assign(&self.services, actor, project, &email(&actor.organization, name)).await.unwrap();
    }

    pub(crate) async fn key(&self, actor: &Actor, project: ProjectId, name: &str) -> ApiKey {
        api_keys::create(&self.services, actor, new_key(project, name)).await.unwrap().api_key
    }

    /// Creates a key, with its secret.
    pub(crate) async fn secret(&self, actor: &Actor, request: NewApiKey) -> (ApiKey, Secret) {
        let created = api_keys::create(&self.services, actor, request).await.unwrap();
        (created.api_key, Secret::parse(&created.secret).unwrap())
    }

    /// Starts a server's directory of keys and waits until it receives changes, so that it caches keys.
    pub(crate) async fn directory(&self) -> KeyDirectory {
        let directory = KeyDirectory::start(&self.services);
        let mut disabled = directory.subscribe_disabled();
        let elsewhere = self.organization("Elsewhere", "UTC").await;
        let project = self.default_project(&elsewhere).await;
        // When the second key's change has arrived, the first one's has been handled.
        for name in ["first", "second"] {
            let (key, secret) = self.secret(&elsewhere, new_key(project, name)).await;
            let report = LeakReport { secret: secret.reveal().to_owned(), place: String::new() };
            report_leaks(&self.services, &[report]).await.unwrap();
            while wait_for("the leak is heard of", disabled.recv()).await != Ok(key.id) {}
        }
        directory
    }

    /// The bearer of a secret as an actor of the management API.
    pub(crate) async fn bearer(&self, secret: &Secret) -> Actor {
        match KeyDirectory::start(&self.services).verify(secret).await.unwrap() {
            KeyVerification::Active(record) => record.actor(device().ip),
            other => panic!("{other:?}"),
        }
    }

    /// A program with a new admin key of these scopes, as an actor, and its key.
    pub(crate) async fn program(&self, actor: &Actor, scopes: &[Scope]) -> (Actor, ApiKey) {
        let request = NewApiKey { scopes: scopes.to_vec(), ..NewApiKey::plain("program", Level::Admin, None) };
        let (key, secret) = self.secret(actor, request).await;
        (self.bearer(&secret).await, key)
    }

    /// The first page of the keys that `actor` sees.
    pub(crate) async fn keys(&self, actor: &Actor) -> Vec<ApiKey> {
        api_keys::list(&self.services, actor, &KeyQuery::default()).await.unwrap().keys
    }

    pub(crate) async fn offer(&self, name: &str, input_per_million: &str) {
        let price = Price {
            input_per_million: Some(input_per_million.parse().unwrap()),
            output_per_million: Some("2".parse().unwrap()),
            ..Price::default()
        };
        let model = models::OfferedModel { name: name.to_owned(), service: Service::Chat, price: Some(price) };
        models::apply(&self.services, vec![model]).await.unwrap();
    }

    /// Offers these models without prices.
    pub(crate) async fn offer_all(&self, names: &[&str]) {
        let model =
            |name: &&str| models::OfferedModel { name: (*name).to_owned(), service: Service::Chat, price: None };
        models::apply(&self.services, names.iter().map(model).collect()).await.unwrap();
    }
}

fn email(organization: &Organization, name: &str) -> String {
    format!("{}@{}.example", name.to_lowercase(), organization.slug)
}

pub(crate) fn new_key(project: ProjectId, name: &str) -> NewApiKey {
    NewApiKey::plain(name, Level::Standard, Some(project))
}
