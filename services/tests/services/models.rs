//! Prices.

use domain::{ids::PriceId, models::Service, money::Price, time::Timestamp};
use patience::wait_until;
use services::{Services, api_keys::directory::KeyDirectory, models};

fn dollars(price: &str) -> Price {
    Price { input_per_million: Some(price.parse().unwrap()), ..Price::default() }
}

fn offered(price: Option<Price>) -> Vec<models::OfferedModel> {
    vec![models::OfferedModel { name: "gpt-x".to_owned(), service: Service::Chat, price }]
}

async fn offer(services: &Services, price: &str) -> PriceId {
    models::apply(services, offered(Some(dollars(price)))).await.unwrap();
    models::current_price(services, "gpt-x").unwrap().0
}

/// Applies a file that was modified `minutes` after the world's beginning; returns the price that is then in
/// effect.
async fn apply_file(services: &Services, price: &str, minutes: i64) -> (PriceId, Price) {
    let changed_at: Timestamp = "2026-11-17T10:00:00Z".parse().unwrap();
    let changed_at = changed_at.plus_minutes(minutes);
    models::apply_file(services, offered(Some(dollars(price))), changed_at).await.unwrap();
    models::current_price(services, "gpt-x").unwrap()
}

on_both_databases! {
    async fn a_changed_price_is_a_new_version_and_an_unchanged_one_is_not(world: &World) {
        let first = offer(&world.services, "1").await;
        assert_eq!(offer(&world.services, "1").await, first);
        // Also within one millisecond.
        let second = offer(&world.services, "2").await;
        assert_ne!(second, first);
        let back = offer(&world.services, "1").await;
        assert!(back != first && back != second);
        assert_eq!(models::current_price(&world.services, "other"), None);
    }

    async fn servers_that_start_at_once_agree_on_one_version(world: &World) {
        let servers = futures::future::join_all(
            (0..4).map(|_| Services::open(world.database.url(), world.clock.clone())),
        )
        .await;
        let servers: Vec<Services> = servers.into_iter().map(Result::unwrap).collect();
        let mut versions = futures::future::join_all(servers.iter().map(|server| offer(server, "1"))).await;
        versions.dedup();
        assert_eq!(versions.len(), 1);
        for server in servers {
            server.database().clone().close().await.unwrap();
        }
    }

    async fn what_the_newest_file_says_holds_on_all_servers(world: &World) {
        let (one, other) = (&world.services, Services::open(world.database.url(), world.clock.clone()).await.unwrap());
        // Every server watches for changes.
        let watching = KeyDirectory::start(one);
        assert_eq!(apply_file(one, "1", 1).await.1, dollars("1"));
        let second = apply_file(&other, "2", 2).await;
        assert_eq!(second.1, dollars("2"));
        wait_until("it is told", async || models::current_price(one, "gpt-x") == Some(second)).await;
        // Repeated restarts of both servers change nothing.
        for _ in 0..2 {
            assert_eq!(apply_file(one, "1", 1).await, second);
            assert_eq!(apply_file(&other, "2", 2).await, second);
        }
        // Setting an earlier price is a change too.
        let back = apply_file(one, "1", 3).await;
        assert!(back.1 == dollars("1") && back.0 != second.0);
        // A newer file confirms the price, so files older than that one have no effect.
        assert_eq!(apply_file(&other, "1", 5).await, back);
        assert_eq!(apply_file(one, "7", 4).await, back);
        drop(watching);
        other.database().clone().close().await.unwrap();
    }

    async fn a_call_has_the_price_of_its_moment(world: &World) {
        let began = world.services.now();
        let first = offer(&world.services, "1").await;
        world.clock.forward_minutes(1);
        let changed = world.services.now();
        let second = offer(&world.services, "2").await;
        world.clock.forward_minutes(1);
        models::apply(&world.services, offered(None)).await.unwrap();
        let at = |moment| models::price_at(&world.services, "gpt-x", moment).map(|(id, _)| id);
        assert_eq!(at(began.plus_millis(-1)), None);
        assert_eq!(at(began), Some(first));
        assert_eq!(at(changed.plus_millis(-1)), Some(first));
        assert_eq!(at(changed), Some(second));
        assert_eq!(at(world.services.now()), None, "no price is known any more");
        assert_eq!(models::current_price(&world.services, "gpt-x"), None);
    }

    async fn members_see_what_is_offered_by_name(world: &World) {
        let admin = world.organization("Acme", "UTC").await;
        let model = |name: &str, service| models::OfferedModel { name: name.to_owned(), service, price: None };
        let offered = vec![model("b", Service::Chat), model("a", Service::Embeddings)];
        models::apply(&world.services, offered).await.unwrap();
        let shown = models::list(&world.services, &admin).await.unwrap();
        assert_eq!(shown.iter().map(|model| model.name.as_str()).collect::<Vec<_>>(), ["a", "b"]);
        assert_eq!(models::current_price(&world.services, "a"), None);
    }
}
