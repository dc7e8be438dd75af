//! Prices.

use domain::{ids::PriceId, models::Service};
use services::{Services, models};

async fn offer(services: &Services, price: &str) -> PriceId {
    let model = models::OfferedModel {
        name: "gpt-x".to_owned(),
        service: Service::Chat,
        price: Some(domain::money::Price { input_per_million: Some(price.parse().unwrap()), ..Default::default() }),
    };
    models::apply(services, vec![model]).await.unwrap();
    models::current_price(services, "gpt-x").unwrap().0
}

on_both_databases! {
    async fn a_changed_price_is_a_new_version_and_an_unchanged_one_is_not(world: &World) {
        let first = offer(&world.services, "1").await;
        assert_eq!(offer(&world.services, "1").await, first);
        // At the same instant too.
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
