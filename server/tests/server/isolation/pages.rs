//! The first answers that go out with a page.

use app::addresses::Page;
use axum::http::{Request, header};

use super::{
    asking::without_moments,
    mixes::subsets,
    scene::{MARK, Scene, on_both_databases},
    things::Things,
};

/// Every page of an organization, with a query that names whatever is read.
fn addresses() -> Vec<String> {
    let query = "q={key}&project={project}&key={key}&call={call}&range=today&unread=true";
    let pages = Page::ALL.into_iter().map(|page| format!("{}?{query}", page.path("{slug}")));
    let tabs = ["overview", "calls", "history"].map(|tab| format!("/o/{{slug}}/keys/{{key}}?tab={tab}"));
    pages.chain(tabs).collect()
}

/// The first answers of a page about these things.
async fn first_answers(scene: &Scene, address: &str, things: &Things, token: &str) -> String {
    let request = Request::get(things.fill(address))
        .header(header::HOST, "127.0.0.1:3000")
        .header(header::COOKIE, format!("tollhouse={token}"))
        .body(())
        .unwrap();
    server::dashboard::first_answers(&scene.world.hub, request.into_parts().0).await
}

/// The same without how answers are called, which says what was asked for.
async fn told(scene: &Scene, address: &str, things: &Things, token: &str) -> serde_json::Value {
    let mut told: serde_json::Value =
        serde_json::from_str(&first_answers(scene, address, things, token).await).unwrap();
    let answers = told["answers"].take();
    let mut answers: Vec<String> =
        answers.as_object().unwrap().values().cloned().map(|told| without_moments(told).to_string()).collect();
    answers.sort_unstable();
    told["answers"] = answers.into();
    without_moments(told)
}

#[tokio::test]
async fn pages_of_another_organization_are_those_of_none() {
    on_both_databases("", async |scene| {
        let (own, others) = (&scene.strangers, &scene.owners);
        let nobodys = others.nobodys();
        for address in addresses() {
            for names in subsets(&own.named_in(&address)) {
                let token = &scene.world.stranger.token;
                let of_theirs = told(scene, &address, &own.exchanged(&names, others), token).await;
                let of_none = told(scene, &address, &own.exchanged(&names, &nobodys), token).await;
                assert_eq!(of_theirs, of_none, "{address} about {names:?} of others");
                assert!(!of_theirs.to_string().contains(MARK), "{address} about {names:?} of others");
            }
        }
    })
    .await;
}

#[tokio::test]
async fn a_page_without_a_session_tells_nothing() {
    on_both_databases("", async |scene| {
        for address in addresses() {
            let told = told(scene, &address, &scene.owners, "wrong").await;
            assert!(told["welcome"]["viewer"].is_null() && told["latest"].is_null(), "{address}: {told}");
            assert_eq!(told["answers"], serde_json::json!([]), "{address}");
        }
        // Its owner finds it there.
        let own = told(scene, &addresses()[1], &scene.owners, &scene.world.owner.token).await;
        assert!(own.to_string().contains(MARK), "{own}");
    })
    .await;
}
