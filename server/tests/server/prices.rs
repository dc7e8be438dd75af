//! Two servers whose configuration files have different prices.

use axum::http::{Method, StatusCode};
use domain::api_keys::Level;
use patience::wait_until;
use sea_orm::{ConnectionTrait, DbBackend, Statement};
use serde_json::json;

use crate::{
    postgres::Postgres,
    process::Process,
    world::{World, command_line},
};

fn configuration(price: &str) -> String {
    format!(
        "[[provider]]\nname = \"sandbox\"\nkind = \"sandbox\"\n[[model]]\nname = \"first\"\nproviders = [\"sandbox\"]\n\
         service = \"chat\"\nprice = {{ input_per_million = {price:?}, output_per_million = \"0\" }}\n"
    )
}

/// The cost of a call on `server`, in nano-dollars.
async fn cost(world: &World, server: &Process, key: &str) -> i64 {
    let question = json!({ "model": "first", "messages": [{ "role": "user", "content": "hello" }] });
    let (status, _) = server.call(Method::POST, "/v1/chat/completions", key, &question).await;
    assert_eq!(status, StatusCode::OK);
    let calls = services::calls::list(&world.services, &command_line(&world.organization), &Default::default()).await;
    calls.unwrap().calls[0].cost.unwrap().nanos()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_the_newer_file_says_is_charged_on_both_and_an_older_one_changes_nothing() {
    let database = Postgres::new().await;
    let world = World::on(Some(database.url.clone()), &configuration("1.00")).await;
    let older = world.serve("warn").await;
    let key = world.key_with(Level::Standard, |_| {}).await.secret;
    let before = cost(&world, &older, &key).await;

    let newer = world.data().join("newer.toml");
    std::fs::write(&newer, configuration("3.00")).unwrap();
    let newer_server = world.serve_with("warn", &[("TOLLHOUSE_CONFIG", newer.to_str().unwrap())]).await;
    assert_eq!(cost(&world, &newer_server, &key).await, 3 * before);
    wait_until("the first server knows", async || cost(&world, &older, &key).await == 3 * before).await;

    older.stop().await;
    let restarted = world.serve("warn").await;
    restarted.wait_for_log("another price was said by a configuration file that was changed later", 1).await;
    assert_eq!(cost(&world, &restarted, &key).await, 3 * before);
    assert_eq!(cost(&world, &newer_server, &key).await, 3 * before);
    let price_count = Statement::from_string(DbBackend::Postgres, "SELECT count(*) FROM prices WHERE model = 'first'");
    let price_count = world.services.database().read().query_one_raw(price_count).await.unwrap().unwrap();
    assert_eq!(price_count.try_get_by_index::<i64>(0).unwrap(), 2);

    restarted.stop().await;
    newer_server.stop().await;
    drop(world);
    database.drop().await;
}
