//! Server functions, by every kind of caller with a browser.

use std::sync::LazyLock;

use app::api::{
    accounts, api_keys, bodies, calls, exports, members, models, notifications, organizations, overview, projects,
    rate_limits, saved_views, usage,
};
use axum::http::{Method, StatusCode};
use domain::{
    accounts::{Confirmation, PasswordChange, SignIn, SignUp},
    api_keys::{KeyQuery, Level, NewApiKey, Rotation},
    bodies::BodyForm,
    calls::{CallQuery, CallRetention, LogColumn},
    exports::{ExportSource, FileFormat, NewExport},
    ids::{ApiKeyId, CallId, NotificationId, ProjectId, SavedViewId},
    organizations::SettingsChanges,
    permissions::{Permission, Role, may},
    rate_limits::RateLimits,
    saved_views::{NewSavedView, SavedViewChanges, ViewedPage},
    usage::{Filter, UsageQuery},
};
use leptos::server_fn::ServerFn;
use serde::Serialize;

use super::{
    asking::{Credentials, RequestTemplate},
    callers::{Caller, CallerMembership, all_callers, open_session},
    mixes::others_are_as_if_they_did_not_exist,
    scene::{MARK, Scene, all_changes, export, on_both_databases, view},
    things::{sample, with_names},
};
use crate::world::PASSWORD;

/// The access that a function requires.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Access {
    Anybody,
    /// Any signed-in user; it concerns only themselves.
    SignedIn,
    /// Any member of the organization; the answer depends on their role.
    Member,
    /// Members with this permission.
    Permitted(Permission),
}

/// A server function with a valid input that names everything that can be named in it.
pub(super) struct Function {
    pub(super) path: &'static str,
    pub(super) access: Access,
    input: String,
}

impl Function {
    fn new<F: ServerFn + Serialize>(input: F, access: Access) -> Self {
        Self { path: F::PATH, access, input: with_names(&serde_json::to_string(&input).unwrap()) }
    }

    fn template(&self) -> RequestTemplate {
        RequestTemplate::new(Method::POST, self.path, &self.input)
    }

    fn names_organization(&self) -> bool {
        matches!(self.access, Access::Member | Access::Permitted(_))
    }

    /// The status for `caller`, with their own things, or with those of the organization that they aren't in.
    fn expected(&self, caller: &Caller) -> StatusCode {
        match (self.access, caller.membership) {
            (Access::Anybody, _) => StatusCode::OK,
            (_, CallerMembership::NotSignedIn) => StatusCode::UNAUTHORIZED,
            // The input has a wrong password: a caller who gets this far was admitted.
            (Access::SignedIn, _) if self.asks_for_password() => StatusCode::UNPROCESSABLE_ENTITY,
            (Access::SignedIn, _) => StatusCode::OK,
            (_, CallerMembership::Elsewhere) => StatusCode::NOT_FOUND,
            (Access::Permitted(permission), CallerMembership::Member(role)) if !may(role, permission) => {
                StatusCode::FORBIDDEN
            }
            (_, CallerMembership::Member(_)) => StatusCode::OK,
        }
    }

    /// Whether its key must have two secrets.
    fn needs_rotation(&self) -> bool {
        self.path == api_keys::SetGrace::PATH
    }

    fn asks_for_password(&self) -> bool {
        self.path == accounts::ChangePassword::PATH
    }
}

/// All server functions. Each input has every field: a new one must be added here to compile.
pub(super) fn table() -> &'static [Function] {
    static TABLE: LazyLock<Vec<Function>> = LazyLock::new(|| {
        [
            account_functions(),
            key_functions(),
            call_functions(),
            export_functions(),
            view_functions(),
            member_functions(),
            organization_functions(),
        ]
        .into_iter()
        .flatten()
        .collect()
    });
    &TABLE
}

fn account_functions() -> Vec<Function> {
    use Access::{Anybody, SignedIn};
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
        Function::new(accounts::SessionEndRequest {}, Anybody),
        Function::new(accounts::Sessions {}, SignedIn),
        Function::new(
            accounts::SignInRequest { input: SignIn { email: email(), password: PASSWORD.to_owned() } },
            Anybody,
        ),
        Function::new(accounts::SignOut {}, SignedIn),
        Function::new(accounts::SignUpRequest { input: sign_up, setup: None }, Anybody),
        Function::new(accounts::TouchSession {}, SignedIn),
        Function::new(accounts::WelcomeRequest {}, Anybody),
    ]
}

fn key_functions() -> Vec<Function> {
    let (view, manage) = (Access::Permitted(Permission::ViewApiKeys), Access::Permitted(Permission::ManageApiKeys));
    let id: ApiKeyId = sample("key");
    let query = KeyQuery { search: format!("{id}"), project: Some(sample("proj")), ..KeyQuery::default() };
    let input = NewApiKey::plain("k", Level::Standard, Some(sample("proj")));
    let rotation = Rotation { grace_seconds: 60, request: None };
    vec![
        Function::new(api_keys::Create { organization: slug(), input }, manage),
        Function::new(api_keys::DescendantsRequest { organization: slug(), ids: vec![id] }, view),
        Function::new(api_keys::Edit { organization: slug(), id, changes: all_changes(sample("proj")) }, manage),
        Function::new(api_keys::Get { organization: slug(), id }, view),
        Function::new(api_keys::History { organization: slug(), id }, view),
        Function::new(api_keys::List { organization: slug(), query }, view),
        Function::new(api_keys::PolicyRequest { organization: slug() }, manage),
        Function::new(api_keys::RecentUseRequest { organization: slug(), ids: vec![id] }, view),
        Function::new(api_keys::Revoke { organization: slug(), ids: vec![id], descendants: true }, manage),
        Function::new(api_keys::Rotate { organization: slug(), id, rotation }, manage),
        Function::new(api_keys::SetGrace { organization: slug(), id, grace_seconds: 0 }, manage),
    ]
}

fn call_functions() -> Vec<Function> {
    let filter = || Filter { projects: vec![sample("proj")], api_keys: vec![sample("key")], ..Filter::default() };
    let query = CallQuery { filter: filter(), before: Some(sample("req")), ..CallQuery::default() };
    let report = UsageQuery { filter: filter(), ..UsageQuery::default() };
    let (logs, view_bodies) = (Access::Permitted(Permission::ViewLogs), Access::Permitted(Permission::ViewBodies));
    vec![
        Function::new(bodies::ConversationRequest { organization: slug(), id: sample("req") }, view_bodies),
        Function::new(
            bodies::Delete { organization: slug(), query: query.clone() },
            Access::Permitted(Permission::ManageSettings),
        ),
        Function::new(bodies::Get { organization: slug(), id: sample("req"), form: BodyForm::Readable }, view_bodies),
        Function::new(calls::Activity { organization: slug(), query: query.clone() }, logs),
        Function::new(calls::Facets { organization: slug(), query: query.clone() }, logs),
        Function::new(calls::Get { organization: slug(), id: sample("req") }, logs),
        Function::new(calls::List { organization: slug(), query: query.clone() }, logs),
        Function::new(
            calls::Suggest { organization: slug(), query: query.clone(), text: sample::<CallId>("req").to_string() },
            logs,
        ),
        // Only tags are those of the query's calls.
        Function::new(calls::Suggest { organization: slug(), query, text: "tag.".to_owned() }, logs),
        Function::new(overview::Get { organization: slug() }, Access::Permitted(Permission::ViewOverview)),
        Function::new(
            usage::ModelKeys { organization: slug(), query: report.clone() },
            Access::Permitted(Permission::ViewUsage),
        ),
        Function::new(usage::Report { organization: slug(), query: report }, Access::Permitted(Permission::ViewUsage)),
    ]
}

fn export_functions() -> Vec<Function> {
    let query = || format!("project={}&key={}", sample::<ProjectId>("proj"), sample::<ApiKeyId>("key"));
    let new = |source| NewExport { source, format: FileFormat::Csv, query: query() };
    let (logs, usage) = (Access::Permitted(Permission::ViewLogs), Access::Permitted(Permission::ViewUsage));
    vec![
        Function::new(exports::Cancel { organization: slug(), id: sample("exp") }, Access::Member),
        Function::new(exports::Count { organization: slug(), new: new(ExportSource::Calls) }, logs),
        Function::new(exports::List { organization: slug(), watching: true }, Access::Member),
        Function::new(exports::Start { organization: slug(), new: new(ExportSource::Usage) }, usage),
    ]
}

fn view_functions() -> Vec<Function> {
    let id: SavedViewId = sample("view");
    // Views on a page that every member sees.
    let new = NewSavedView {
        page: ViewedPage::Usage,
        name: "A view".to_owned(),
        query: "range=7d".to_owned(),
        shared: false,
    };
    let changes = SavedViewChanges { name: Some("Another view".to_owned()), shared: Some(false) };
    vec![
        Function::new(saved_views::Create { organization: slug(), new }, Access::Member),
        Function::new(saved_views::Edit { organization: slug(), id, changes }, Access::Member),
        Function::new(saved_views::Delete { organization: slug(), id }, Access::Member),
        Function::new(saved_views::List { organization: slug() }, Access::Member),
    ]
}

fn member_functions() -> Vec<Function> {
    let logs = Access::Permitted(Permission::ViewLogs);
    vec![
        Function::new(members::LogColumns { organization: slug() }, logs),
        Function::new(members::SetLogColumns { organization: slug(), columns: LogColumn::DEFAULT.to_vec() }, logs),
    ]
}

fn organization_functions() -> Vec<Function> {
    let (inbox, settings) =
        (Access::Permitted(Permission::ViewNotifications), Access::Permitted(Permission::ManageSettings));
    let changes =
        SettingsChanges { session_idle_minutes: Some(60), key_policy: None, bodies: None, call_retention: None };
    let (limits, note): (_, NotificationId) = (RateLimits::NONE, sample("note"));
    vec![
        Function::new(models::List { organization: slug() }, Access::Member),
        Function::new(notifications::List { organization: slug(), unread_only: false, before: Some(note) }, inbox),
        Function::new(notifications::Mark { organization: slug(), ids: Some(vec![note]), read: true }, inbox),
        Function::new(
            organizations::CountDeletedCalls { organization: slug(), call_retention: CallRetention::chosen(Some(35)) },
            settings,
        ),
        Function::new(organizations::SettingsRequest { organization: slug() }, settings),
        Function::new(organizations::UpdateSettings { organization: slug(), changes }, settings),
        Function::new(projects::List { organization: slug() }, Access::Member),
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
        let callers = all_callers(scene).await;
        for function in table().iter().filter(|function| function.access != Access::Anybody) {
            for caller in &callers {
                may_do_what_the_table_says(scene, function, caller).await;
            }
        }
    })
    .await;
}

/// Sends the request with the caller's own things if they are a member, and otherwise with the owner's.
async fn may_do_what_the_table_says(scene: &Scene, function: &Function, caller: &Caller) {
    let (own, creator) = match caller.membership {
        CallerMembership::Member(Role::Developer) => (&scene.developers, &scene.world.developer),
        _ => (&scene.owners, &scene.world.owner),
    };
    let template = function.template();
    let (mut token, mut things) = (caller.token.clone(), own.clone());
    if template.names(own).contains(&"key") && matches!(caller.membership, CallerMembership::Member(_)) {
        things = scene.fresh_key(&things, creator, function.needs_rotation()).await;
    }
    if let Some(person) = &caller.person {
        // Each member has exports of their own.
        if template.names(own).contains(&"export") && matches!(caller.membership, CallerMembership::Member(_)) {
            things = things.with("export", export(&scene.world, person).await);
        }
        // So have they views, of which the last one is deleted.
        if template.names(own).contains(&"view") && matches!(caller.membership, CallerMembership::Member(_)) {
            things = things.with("view", view(&scene.world, person, "").await);
        }
        // The session that ends is the caller's, but not the one that other requests need.
        let (session, id) = open_session(&scene.world, person, 0).await;
        things = things.with("session", id);
        token = token.filter(|_| function.path != accounts::SignOut::PATH).or(Some(session));
    }
    let answer = template.send(&scene.world, &things, Credentials::Browser(token.as_deref())).await;
    let expected = function.expected(caller);
    assert_eq!(answer.status, expected, "{} by {}: {}", function.path, caller.name, answer.body);
}

#[tokio::test]
async fn another_organizations_things_are_as_if_they_did_not_exist() {
    on_both_databases("", async |scene| {
        let before = scene.stored_rows().await;
        let (own, others) = (&scene.strangers, &scene.owners);
        for function in table().iter().filter(|function| function.access != Access::Anybody) {
            let (token, _) = open_session(&scene.world, &scene.world.stranger, 0).await;
            let credentials = Credentials::Browser(Some(&token));
            others_are_as_if_they_did_not_exist(&scene.world, &function.template(), credentials, (own, others), MARK)
                .await;
        }
        assert_eq!(scene.stored_rows().await, before, "what is another's is as it was");
        // With the caller's own things, the functions succeed.
        for function in table().iter().filter(|function| function.names_organization()) {
            let own = scene.fresh_key(own, &scene.world.stranger, function.needs_rotation()).await;
            let own = own.with("view", view(&scene.world, &scene.world.stranger, "").await);
            let answer = function
                .template()
                .send(&scene.world, &own, Credentials::Browser(Some(&scene.world.stranger.token)))
                .await;
            assert_eq!(answer.status, StatusCode::OK, "{}: {}", function.path, answer.body);
            assert!(!answer.body.contains(MARK), "{} tells {}", function.path, answer.body);
        }
        assert_eq!(scene.stored_rows().await, before, "what is another's is as it was");
    })
    .await;
}

#[tokio::test]
async fn a_colleagues_things_are_as_if_they_did_not_exist_for_a_developer() {
    on_both_databases("", async |scene| {
        let names = ["project", "key", "call", "note", "session", "export", "view"];
        let others = scene.developers.with_replaced(&names, &scene.owners);
        for function in table() {
            // Missing permissions are checked before the things.
            let may = |permission| may(Role::Developer, permission);
            if !matches!(function.access, Access::SignedIn)
                && !matches!(function.access, Access::Permitted(permission) if may(permission))
            {
                continue;
            }
            let (token, _) = open_session(&scene.world, &scene.world.developer, 0).await;
            let credentials = Credentials::Browser(Some(&token));
            others_are_as_if_they_did_not_exist(
                &scene.world,
                &function.template(),
                credentials,
                (&scene.developers, &others),
                MARK,
            )
            .await;
        }
    })
    .await;
}

#[tokio::test]
async fn whoever_is_removed_or_suspended_keeps_their_account_and_nothing_else() {
    on_both_databases("", async |scene| {
        let former = all_callers(scene).await.into_iter().filter(|caller| caller.name.ends_with("ed member"));
        for caller in former {
            let credentials = Credentials::Browser(caller.token.as_deref());
            for path in [accounts::Sessions::PATH, accounts::TouchSession::PATH, accounts::WelcomeRequest::PATH] {
                let function = table().iter().find(|function| function.path == path).unwrap();
                let answer = function.template().send(&scene.world, &scene.owners, credentials).await;
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
        let before = scene.stored_rows().await;
        for function in table().iter().filter(|function| function.access != Access::Anybody) {
            let more = r#""role":"owner","is_operator":true,"user_id":"{user}","organization_id":"{user}","balance":1"#;
            let comma = if function.input == "{}" { "" } else { "," };
            let mut template = function.template();
            template.body = format!("{}{comma}{more}}}", &function.input[..function.input.len() - 1]);
            let things = scene.fresh_key(&scene.strangers, &scene.world.stranger, false).await;
            let things = things.with_replaced(&["user"], &scene.owners);
            let (token, _) = open_session(&scene.world, &scene.world.stranger, 0).await;
            let answer = template.send(&scene.world, &things, Credentials::Browser(Some(&token))).await;
            assert!(!answer.status.is_server_error(), "{}: {}", function.path, answer.body);
            assert!(!answer.body.contains(MARK), "{} tells {}", function.path, answer.body);
        }
        assert_eq!(scene.stored_rows().await, before, "what is another's is as it was");
    })
    .await;
}
