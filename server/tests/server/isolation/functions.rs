//! Server functions, by everybody who may have a browser.

use std::sync::LazyLock;

use app::api::{
    accounts, api_keys, bodies, calls, models, notifications, organizations, overview, projects, rate_limits, usage,
};
use axum::http::{Method, StatusCode};
use domain::{
    accounts::{Confirmation, PasswordChange, SignIn, SignUp},
    api_keys::{KeyQuery, Level, NewApiKey, Rotation},
    calls::CallQuery,
    ids::{ApiKeyId, NotificationId},
    organizations::SettingsChanges,
    permissions::{Permission, Role, may},
    rate_limits::RateLimits,
    usage::{Filter, UsageQuery},
};
use leptos::server_fn::ServerFn;
use serde::Serialize;

use super::{
    asking::{Ask, By},
    callers::{Caller, Standing, everybody, open_session},
    mixes::others_are_as_if_they_did_not_exist,
    scene::{MARK, Scene, all_changes, on_both_databases},
    things::{named, sample},
};
use crate::world::PASSWORD;

/// Who may call a function.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Least {
    Anybody,
    /// Whoever is signed in; it concerns only themselves.
    SignedIn,
    /// Every member of the organization; what they see depends on their role.
    Member,
    /// Whoever has this permission in the organization.
    Permitted(Permission),
}

/// A server function with an input that is right, and that names whatever can be named in it.
pub(super) struct Function {
    pub(super) path: &'static str,
    pub(super) least: Least,
    input: String,
}

impl Function {
    fn new<F: ServerFn + Serialize>(input: F, least: Least) -> Self {
        Self { path: F::PATH, least, input: named(&serde_json::to_string(&input).unwrap()) }
    }

    fn ask(&self) -> Ask {
        Ask::new(Method::POST, self.path, &self.input)
    }

    fn names_organization(&self) -> bool {
        matches!(self.least, Least::Member | Least::Permitted(_))
    }

    /// What `caller` is answered about their own things, or about those of the organization that they aren't in.
    fn expected(&self, caller: &Caller) -> StatusCode {
        match (self.least, caller.is) {
            (Least::Anybody, _) => StatusCode::OK,
            (_, Standing::NotSignedIn) => StatusCode::UNAUTHORIZED,
            // The input has a wrong password: whoever is asked for it was let in.
            (Least::SignedIn, _) if self.asks_for_password() => StatusCode::UNPROCESSABLE_ENTITY,
            (Least::SignedIn, _) => StatusCode::OK,
            (_, Standing::Elsewhere) => StatusCode::NOT_FOUND,
            (Least::Permitted(permission), Standing::Member(role)) if !may(role, permission) => StatusCode::FORBIDDEN,
            (_, Standing::Member(_)) => StatusCode::OK,
        }
    }

    /// Whether a key that it is about must have two secrets.
    fn needs_rotation(&self) -> bool {
        self.path == api_keys::SetGrace::PATH
    }

    fn asks_for_password(&self) -> bool {
        self.path == accounts::ChangePassword::PATH
    }
}

/// Every server function. An input has all that its function takes: one more field doesn't compile.
pub(super) fn table() -> &'static [Function] {
    static TABLE: LazyLock<Vec<Function>> =
        LazyLock::new(|| [of_accounts(), of_keys(), of_calls(), of_organizations()].into_iter().flatten().collect());
    &TABLE
}

fn of_accounts() -> Vec<Function> {
    use Least::{Anybody, SignedIn};
    let email = || "somebody@acme.example".to_owned();
    let confirmation = || Confirmation { password: PASSWORD.to_owned() };
    let sign_up = SignUp {
        name: "N".to_owned(),
        email: "new@example.com".to_owned(),
        password: PASSWORD.to_owned(),
        organization: "New".to_owned(),
        time_zone: "UTC".to_owned(),
    };
    let wrong = PasswordChange { current: "not this one".to_owned(), new: "another lantern, 42 steps on".to_owned() };
    vec![
        Function::new(accounts::ChangePassword { input: wrong }, SignedIn),
        Function::new(accounts::EndOtherSessions { confirmation: confirmation() }, SignedIn),
        Function::new(accounts::EndSession { id: sample("sess"), confirmation: confirmation() }, SignedIn),
        Function::new(accounts::Rename { name: "New name".to_owned() }, SignedIn),
        Function::new(accounts::Sessions {}, SignedIn),
        Function::new(
            accounts::SignInQuestion { input: SignIn { email: email(), password: PASSWORD.to_owned() } },
            Anybody,
        ),
        Function::new(accounts::SignOut {}, SignedIn),
        Function::new(accounts::SignUpQuestion { input: sign_up, setup: None }, Anybody),
        Function::new(accounts::Stay {}, SignedIn),
        Function::new(accounts::WelcomeQuestion {}, Anybody),
    ]
}

fn of_keys() -> Vec<Function> {
    let (view, manage) = (Least::Permitted(Permission::ViewApiKeys), Least::Permitted(Permission::ManageApiKeys));
    let id: ApiKeyId = sample("key");
    let query = KeyQuery { search: format!("{id}"), project: Some(sample("proj")), ..KeyQuery::default() };
    let input = NewApiKey::plain("k", Level::Standard, Some(sample("proj")));
    let rotation = Rotation { grace_seconds: 60, request: None };
    vec![
        Function::new(api_keys::Create { organization: slug(), input }, manage),
        Function::new(api_keys::DescendantsQuestion { organization: slug(), ids: vec![id] }, view),
        Function::new(api_keys::Edit { organization: slug(), id, changes: all_changes(sample("proj")) }, manage),
        Function::new(api_keys::Get { organization: slug(), id }, view),
        Function::new(api_keys::History { organization: slug(), id }, view),
        Function::new(api_keys::List { organization: slug(), query }, view),
        Function::new(api_keys::PolicyQuestion { organization: slug() }, manage),
        Function::new(api_keys::RecentUseQuestion { organization: slug(), ids: vec![id] }, view),
        Function::new(api_keys::Revoke { organization: slug(), ids: vec![id], descendants: true }, manage),
        Function::new(api_keys::Rotate { organization: slug(), id, rotation }, manage),
        Function::new(api_keys::SetGrace { organization: slug(), id, grace_seconds: 0 }, manage),
    ]
}

fn of_calls() -> Vec<Function> {
    let filter = || Filter { project: Some(sample("proj")), api_key: Some(sample("key")), model: None };
    let query = CallQuery { filter: filter(), before: Some(sample("req")), ..CallQuery::default() };
    let report = UsageQuery { filter: filter(), ..UsageQuery::default() };
    let logs = Least::Permitted(Permission::ViewLogs);
    vec![
        Function::new(
            bodies::Get { organization: slug(), id: sample("req") },
            Least::Permitted(Permission::ViewBodies),
        ),
        Function::new(calls::Get { organization: slug(), id: sample("req") }, logs),
        Function::new(calls::List { organization: slug(), query }, logs),
        Function::new(overview::Get { organization: slug() }, Least::Permitted(Permission::ViewOverview)),
        Function::new(usage::Report { organization: slug(), query: report }, Least::Permitted(Permission::ViewUsage)),
    ]
}

fn of_organizations() -> Vec<Function> {
    let (inbox, settings) =
        (Least::Permitted(Permission::ViewNotifications), Least::Permitted(Permission::ManageSettings));
    let changes = SettingsChanges { session_idle_minutes: Some(60), key_policy: None, bodies: None };
    let (limits, note): (_, NotificationId) = (RateLimits::NONE, sample("note"));
    vec![
        Function::new(models::List { organization: slug() }, Least::Member),
        Function::new(notifications::List { organization: slug(), unread_only: false, before: Some(note) }, inbox),
        Function::new(notifications::Mark { organization: slug(), ids: Some(vec![note]), read: true }, inbox),
        Function::new(organizations::SettingsQuestion { organization: slug() }, settings),
        Function::new(organizations::UpdateSettings { organization: slug(), changes }, settings),
        Function::new(projects::List { organization: slug() }, Least::Member),
        Function::new(rate_limits::List { organization: slug() }, settings),
        Function::new(rate_limits::Set { organization: slug(), project: Some(sample("proj")), limits }, settings),
    ]
}

fn slug() -> String {
    "{slug}".to_owned()
}

#[tokio::test]
async fn everybody_may_do_what_the_table_says() {
    on_both_databases("", async |scene| {
        let everybody = everybody(scene).await;
        for function in table().iter().filter(|function| function.least != Least::Anybody) {
            for caller in &everybody {
                may_do_what_the_table_says(scene, function, caller).await;
            }
        }
    })
    .await;
}

/// About the caller's own things where they are a member, and otherwise about those that others have.
async fn may_do_what_the_table_says(scene: &Scene, function: &Function, caller: &Caller) {
    let (own, maker) = match caller.is {
        Standing::Member(Role::Developer) => (&scene.developers, &scene.world.developer),
        _ => (&scene.owners, &scene.world.owner),
    };
    let ask = function.ask();
    let (mut token, mut things) = (caller.token.clone(), own.clone());
    if ask.names(own).contains(&"key") && matches!(caller.is, Standing::Member(_)) {
        things = scene.fresh_key(&things, maker, function.needs_rotation()).await;
    }
    if let Some(person) = &caller.person {
        // The session that is ended is one's own, and another than is needed for the rest.
        let (session, id) = open_session(&scene.world, person, 0).await;
        things = things.with("session", id);
        token = token.filter(|_| function.path != accounts::SignOut::PATH).or(Some(session));
    }
    let answer = ask.about(&scene.world, &things, By::Browser(token.as_deref())).await;
    let expected = function.expected(caller);
    assert_eq!(answer.status, expected, "{} by {}: {}", function.path, caller.name, answer.body);
}

#[tokio::test]
async fn another_organizations_things_are_as_if_they_did_not_exist() {
    on_both_databases("", async |scene| {
        let before = scene.holdings().await;
        let (own, others) = (&scene.strangers, &scene.owners);
        for function in table().iter().filter(|function| function.least != Least::Anybody) {
            let (token, _) = open_session(&scene.world, &scene.world.stranger, 0).await;
            let by = By::Browser(Some(&token));
            others_are_as_if_they_did_not_exist(&scene.world, &function.ask(), by, (own, others), MARK).await;
        }
        assert_eq!(scene.holdings().await, before, "what is another's is as it was");
        // Asked about what is one's own, the same functions do what they are for.
        for function in table().iter().filter(|function| function.names_organization()) {
            let own = scene.fresh_key(own, &scene.world.stranger, function.needs_rotation()).await;
            let answer = function.ask().about(&scene.world, &own, By::Browser(Some(&scene.world.stranger.token))).await;
            assert_eq!(answer.status, StatusCode::OK, "{}: {}", function.path, answer.body);
            assert!(!answer.body.contains(MARK), "{} tells {}", function.path, answer.body);
        }
        assert_eq!(scene.holdings().await, before, "what is another's is as it was");
    })
    .await;
}

#[tokio::test]
async fn a_colleagues_things_are_as_if_they_did_not_exist_for_a_developer() {
    on_both_databases("", async |scene| {
        let names = ["project", "key", "call", "note", "session"];
        let others = scene.developers.exchanged(&names, &scene.owners);
        for function in table() {
            // What a developer isn't allowed at all is told before it is looked at.
            let may = |permission| may(Role::Developer, permission);
            if !matches!(function.least, Least::SignedIn)
                && !matches!(function.least, Least::Permitted(permission) if may(permission))
            {
                continue;
            }
            let (token, _) = open_session(&scene.world, &scene.world.developer, 0).await;
            let by = By::Browser(Some(&token));
            others_are_as_if_they_did_not_exist(&scene.world, &function.ask(), by, (&scene.developers, &others), MARK)
                .await;
        }
    })
    .await;
}

#[tokio::test]
async fn whoever_is_removed_or_suspended_keeps_their_account_and_nothing_else() {
    on_both_databases("", async |scene| {
        let former = everybody(scene).await.into_iter().filter(|caller| caller.name.ends_with("ed member"));
        for caller in former {
            let by = By::Browser(caller.token.as_deref());
            for path in [accounts::Sessions::PATH, accounts::Stay::PATH, accounts::WelcomeQuestion::PATH] {
                let function = table().iter().find(|function| function.path == path).unwrap();
                let answer = function.ask().about(&scene.world, &scene.owners, by).await;
                assert_eq!(answer.status, StatusCode::OK, "{path} by {}", caller.name);
                assert!(!answer.body.contains(r#""acme""#), "{path} by {}: {}", caller.name, answer.body);
            }
        }
    })
    .await;
}

#[tokio::test]
async fn fields_that_nobody_asked_for_are_refused_or_mean_nothing() {
    on_both_databases("", async |scene| {
        let before = scene.holdings().await;
        for function in table().iter().filter(|function| function.least != Least::Anybody) {
            let more = r#""role":"owner","is_operator":true,"user_id":"{user}","organization_id":"{user}","balance":1"#;
            let comma = if function.input == "{}" { "" } else { "," };
            let mut ask = function.ask();
            ask.body = format!("{}{comma}{more}}}", &function.input[..function.input.len() - 1]);
            let things = scene.fresh_key(&scene.strangers, &scene.world.stranger, false).await;
            let things = things.exchanged(&["user"], &scene.owners);
            let (token, _) = open_session(&scene.world, &scene.world.stranger, 0).await;
            let answer = ask.about(&scene.world, &things, By::Browser(Some(&token))).await;
            assert!(!answer.status.is_server_error(), "{}: {}", function.path, answer.body);
            assert!(!answer.body.contains(MARK), "{} tells {}", function.path, answer.body);
        }
        assert_eq!(scene.holdings().await, before, "what is another's is as it was");
    })
    .await;
}
