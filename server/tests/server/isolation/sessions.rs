//! Routes that take a session and aren't server functions: files, and the socket of an open page.

use axum::http::StatusCode;
use domain::permissions::{Permission, Role, may};

use super::{
    asking::{Credentials, RequestTemplate},
    callers::{CallerMembership, all_callers},
    mixes::others_are_as_if_they_did_not_exist,
    scene::{MARK, on_both_databases},
};

/// All paths, each with a query that names everything it reads, and the required permission.
pub(super) const TABLE: &[(&str, &str, Permission)] = &[
    ("/api/api_keys/export.csv", "&q={key}&project={project}", Permission::ViewApiKeys),
    // The call has no data in base64: permitted callers get an error for that.
    ("/api/bodies/media", "&call={call}&side=request&pointer=/messages/0/content", Permission::ViewBodies),
    ("/api/bodies/raw", "&call={call}&side=request", Permission::ViewBodies),
    ("/api/calls/export.csv", "&project={project}&key={key}&call={call}", Permission::ViewLogs),
    ("/api/calls/export.jsonl", "&project={project}&key={key}&call={call}", Permission::ViewLogs),
    // The export waits for a job, so that even its member doesn't get a file; tests of exports have one that is ready.
    ("/api/exports/file", "&export={export}", Permission::ViewUsage),
    // These requests ask for no socket: permitted callers get an error for that.
    ("/api/live", "", Permission::ViewUsage),
    ("/api/usage/export.csv", "&project={project}&key={key}&range=today", Permission::ViewUsage),
    ("/api/usage/focus.csv", "&project={project}&key={key}&range=today", Permission::ViewUsage),
];

fn template((path, query, _): &(&str, &str, Permission)) -> RequestTemplate {
    RequestTemplate::get(&format!("{path}?organization={{slug}}{query}"))
}

/// The status for a permitted caller.
fn success((path, ..): &(&str, &str, Permission)) -> StatusCode {
    match *path {
        "/api/bodies/media" | "/api/exports/file" => StatusCode::NOT_FOUND,
        "/api/live" => StatusCode::BAD_REQUEST,
        _ => StatusCode::OK,
    }
}

#[tokio::test]
async fn files_are_for_those_that_the_table_says() {
    on_both_databases("", async |scene| {
        let callers = all_callers(scene).await;
        for route in TABLE {
            for caller in &callers {
                // A filter by a project that isn't assigned to a developer is invalid.
                let is_developer = caller.membership == CallerMembership::Member(Role::Developer);
                let things = if is_developer { &scene.developers } else { &scene.owners };
                let answer =
                    template(route).send(&scene.world, things, Credentials::Browser(caller.token.as_deref())).await;
                let expected = match caller.membership {
                    CallerMembership::NotSignedIn => StatusCode::UNAUTHORIZED,
                    CallerMembership::Elsewhere => StatusCode::NOT_FOUND,
                    CallerMembership::Member(role) if may(role, route.2) => success(route),
                    CallerMembership::Member(_) => StatusCode::FORBIDDEN,
                };
                assert_eq!(answer.status, expected, "{} by {}: {}", route.0, caller.name, answer.body);
            }
        }
    })
    .await;
}

#[tokio::test]
async fn files_hold_nothing_of_anothers() {
    on_both_databases("", async |scene| {
        let credentials = Credentials::Browser(Some(&scene.world.stranger.token));
        let before = scene.stored_rows().await;
        for route in TABLE {
            let (own, others) = (&scene.strangers, &scene.owners);
            others_are_as_if_they_did_not_exist(&scene.world, &template(route), credentials, (own, others), MARK).await;
            let answer = template(route).send(&scene.world, own, credentials).await;
            assert_eq!(answer.status, success(route), "{}: {}", route.0, answer.body);
            assert!(!answer.body.contains(MARK), "{} tells {}", route.0, answer.body);
        }
        // A developer's files contain only their project.
        let credentials = Credentials::Browser(Some(&scene.world.developer.token));
        let others = scene.developers.with_replaced(&["project", "key", "call", "export"], &scene.owners);
        for route in TABLE {
            others_are_as_if_they_did_not_exist(
                &scene.world,
                &template(route),
                credentials,
                (&scene.developers, &others),
                MARK,
            )
            .await;
        }
        assert_eq!(scene.stored_rows().await, before, "what is another's is as it was");
    })
    .await;
}
