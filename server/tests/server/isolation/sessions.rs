//! Routes that take a session and are no server functions: files, and the socket of an open page.

use axum::http::StatusCode;
use domain::permissions::{Permission, may};

use super::{
    asking::{Ask, By},
    callers::{Standing, everybody},
    mixes::others_are_as_if_they_did_not_exist,
    scene::{MARK, on_both_databases},
};

/// Each path with a query that names whatever it reads, and who may ask.
pub(super) const TABLE: &[(&str, &str, Permission)] = &[
    ("/api/api_keys/export.csv", "&q={key}&project={project}", Permission::ViewApiKeys),
    ("/api/calls/export.csv", "&project={project}&key={key}&call={call}", Permission::ViewLogs),
    // No socket is asked for here: whoever may have one is told that.
    ("/api/live", "", Permission::ViewUsage),
    ("/api/usage/export.csv", "&project={project}&key={key}&range=today", Permission::ViewUsage),
];

fn ask((path, query, _): &(&str, &str, Permission)) -> Ask {
    Ask::get(&format!("{path}?organization={{slug}}{query}"))
}

/// What whoever may ask is answered.
fn success((path, ..): &(&str, &str, Permission)) -> StatusCode {
    if *path == "/api/live" { StatusCode::BAD_REQUEST } else { StatusCode::OK }
}

#[tokio::test]
async fn files_are_for_those_that_the_table_says() {
    on_both_databases("", async |scene| {
        let everybody = everybody(scene).await;
        for route in TABLE {
            for caller in &everybody {
                let answer = ask(route).about(&scene.world, &scene.owners, By::Browser(caller.token.as_deref())).await;
                let expected = match caller.is {
                    Standing::NotSignedIn => StatusCode::UNAUTHORIZED,
                    Standing::Elsewhere => StatusCode::NOT_FOUND,
                    Standing::Member(role) if may(role, route.2) => success(route),
                    Standing::Member(_) => StatusCode::FORBIDDEN,
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
        let by = By::Browser(Some(&scene.world.stranger.token));
        let before = scene.holdings().await;
        for route in TABLE {
            let (own, others) = (&scene.strangers, &scene.owners);
            others_are_as_if_they_did_not_exist(&scene.world, &ask(route), by, (own, others), MARK).await;
            let answer = ask(route).about(&scene.world, own, by).await;
            assert_eq!(answer.status, success(route), "{}: {}", route.0, answer.body);
            assert!(!answer.body.contains(MARK), "{} tells {}", route.0, answer.body);
        }
        // A developer's files hold what is in their project.
        let by = By::Browser(Some(&scene.world.developer.token));
        let others = scene.developers.exchanged(&["project", "key", "call"], &scene.owners);
        for route in TABLE {
            others_are_as_if_they_did_not_exist(&scene.world, &ask(route), by, (&scene.developers, &others), MARK)
                .await;
        }
        assert_eq!(scene.holdings().await, before, "what is another's is as it was");
    })
    .await;
}
