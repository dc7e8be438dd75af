//! The first answers sent with a page.

use app::addresses::Page;
use axum::http::{Request, header};

use super::{
    asking::without_moments,
    mixes::subsets,
    scene::{MARK, Scene, on_both_databases},
    things::Things,
};

/// All pages of an organization, with a query that names everything it can read.
fn addresses() -> Vec<String> {
    let query = "q={key}&project={project}&key={key}&call={call}&range=today&unread=true";
    let pages = Page::ALL.into_iter().map(|page| format!("{}?{query}", page.path("{slug}")));
    let tabs = ["overview", "calls", "history"].map(|tab| format!("/o/{{slug}}/keys/{{key}}?tab={tab}"));
    pages.chain(tabs).chain(["/o/{slug}/logs/{call}".to_owned()]).collect()
}

/// The first answers of a page with these things.
async fn first_answers(scene: &Scene, address: &str, things: &Things, token: &str) -> String {
    let request = Request::get(things.fill(address))
        .header(header::HOST, "127.0.0.1:3000")
        .header(header::COOKIE, format!("tollhouse={token}"))
        .body(())
        .unwrap();
    server::dashboard::first_answers(&scene.world.hub, request.into_parts().0).await
}

/// The first answers without their keys, which contain the request.
async fn stable_answers(scene: &Scene, address: &str, things: &Things, token: &str) -> serde_json::Value {
    let mut data: serde_json::Value =
        serde_json::from_str(&first_answers(scene, address, things, token).await).unwrap();
    let answers = data["answers"].take();
    let mut answers: Vec<String> =
        answers.as_object().unwrap().values().cloned().map(|data| without_moments(data).to_string()).collect();
    answers.sort_unstable();
    data["answers"] = answers.into();
    without_moments(data)
}

#[tokio::test]
async fn pages_of_another_organization_are_those_of_none() {
    on_both_databases("", async |scene| {
        let (own, others) = (&scene.strangers, &scene.owners);
        let nonexistent = others.nonexistent();
        for address in addresses() {
            for names in subsets(&own.names_in(&address)) {
                let token = &scene.world.stranger.token;
                let of_others = stable_answers(scene, &address, &own.with_replaced(&names, others), token).await;
                let of_nonexistent =
                    stable_answers(scene, &address, &own.with_replaced(&names, &nonexistent), token).await;
                assert_eq!(of_others, of_nonexistent, "{address} about {names:?} of others");
                assert!(!of_others.to_string().contains(MARK), "{address} about {names:?} of others");
            }
        }
    })
    .await;
}

#[tokio::test]
async fn a_page_without_a_session_tells_nothing() {
    on_both_databases("", async |scene| {
        for address in addresses() {
            let data = stable_answers(scene, &address, &scene.owners, "wrong").await;
            assert!(data["welcome"]["viewer"].is_null() && data["latest"].is_null(), "{address}: {data}");
            assert_eq!(data["answers"], serde_json::json!([]), "{address}");
        }
        // The owner's page has it.
        let own = stable_answers(scene, &addresses()[1], &scene.owners, &scene.world.owner.token).await;
        assert!(own.to_string().contains(MARK), "{own}");
    })
    .await;
}
