//! Last uses of keys by clients.

use std::{net::IpAddr, sync::Arc};

use domain::{
    api_keys::{KeyClient, MAX_CLIENTS_SHOWN, Secret},
    time::Timestamp,
};
use services::api_keys::{
    self,
    directory::{KeyDirectory, KeyRecord, KeyVerification},
    uses::{self, KeyUses},
};

use crate::support::{StoredKey, World, new_key};

/// Number of clients stored per secret.
const MAX_CLIENTS: i64 = 50;

fn ip(text: &str) -> Option<IpAddr> {
    Some(text.parse().unwrap())
}

/// The gateway's record of a key.
async fn record(world: &World, secret: &Secret) -> Arc<KeyRecord> {
    match KeyDirectory::start(&world.services).verify(secret).await.unwrap() {
        KeyVerification::Active(record) => record,
        other => panic!("{other:?}"),
    }
}

async fn records(world: &World, count: usize) -> Vec<Arc<KeyRecord>> {
    let admin = world.organization("Acme", "UTC").await;
    let project = world.default_project(&admin).await;
    let mut records = Vec::new();
    for number in 0..count {
        let (_, secret) = world.secret(&admin, new_key(project, &format!("key {number}"))).await;
        records.push(record(world, &secret).await);
    }
    records
}

on_both_databases! {
    async fn each_clients_latest_use_is_kept(world: &World) {
        let admin = world.organization("Acme", "UTC").await;
        let project = world.default_project(&admin).await;
        let (key, secret) = world.secret(&admin, new_key(project, "web")).await;
        let record = record(world, &secret).await;
        let uses = KeyUses::start(&world.services);
        let now = world.services.now();
        let ago = |seconds: i64| now.plus_millis(-1000 * seconds);
        uses.record(&record, ip("192.0.2.1"), Some("OpenAI/Python 2.8.0"), ago(9));
        uses.record(&record, ip("::ffff:192.0.2.1"), Some(" OpenAI/Python 2.8.0"), ago(3));
        uses.record(&record, ip("192.0.2.1"), Some("OpenAI/Python 2.8.0"), ago(5));
        uses.record(&record, ip("2001:db8::1"), None, ago(4));
        uses.record(&record, None, Some("curl\r\n\u{1b}[31m"), ago(60));
        uses.write().await.unwrap();
        let shown = api_keys::get(&world.services, &admin, key.id).await.unwrap().last_use.unwrap();
        assert_eq!((shown.at, shown.ip.as_str()), (ago(3), "192.0.2.1"));
        let recent = api_keys::recent_use(&world.services, &admin, &[key.id]).await.unwrap();
        let client = |ip: &str, agent: &str, at| KeyClient { ip: ip.to_owned(), agent: agent.to_owned(), last_used_at: at };
        let expected =
            [client("192.0.2.1", "OpenAI/Python 2.8.0", ago(3)), client("2001:db8::1", "", ago(4)), client("", "curl[31m", ago(60))];
        assert_eq!(recent[0].clients, expected);
    }

    async fn no_server_takes_a_later_use_back(world: &World) {
        let [record] = records(world, 1).await.try_into().unwrap();
        let servers = [KeyUses::start(&world.services), KeyUses::start(&world.services)];
        let now = world.services.now();
        for (server, seconds) in [(0, 5), (1, 9), (0, 7), (1, 1), (0, 2)] {
            servers[server].record(&record, ip("192.0.2.1"), Some("curl"), now.plus_millis(-1000 * seconds));
            servers[server].write().await.unwrap();
        }
        assert_eq!(world.count(&format!("key_uses WHERE last_used_at = {}", now.plus_millis(-1000).millis())).await, 1);
        assert_eq!(world.count("key_uses").await, 1);
    }

    async fn servers_that_write_the_same_rows_do_not_stand_in_each_others_way(world: &World) {
        let records = records(world, 20).await;
        let servers: Vec<KeyUses> = (0..3).map(|_| KeyUses::start(&world.services)).collect();
        for round in 0..20 {
            let now = world.services.now().plus_millis(round);
            for (number, server) in servers.iter().enumerate() {
                // Each server uses them in another order.
                for index in 0..records.len() {
                    let record = &records[(index * 7 + number * 5) % records.len()];
                    for agent in ["a", "b", "c"] {
                        server.record(record, ip("192.0.2.1"), Some(agent), now);
                    }
                }
            }
            let (a, b, c) = tokio::join!(servers[0].write(), servers[1].write(), servers[2].write());
            a.and(b).and(c).unwrap();
        }
        assert_eq!(world.count("key_uses").await, 60);
    }

    async fn a_crowd_of_clients_is_bounded_in_memory_and_in_the_table(world: &World) {
        let [record, other] = records(world, 2).await.try_into().unwrap();
        let uses = KeyUses::start(&world.services);
        let now = world.services.now();
        uses.record(&other, ip("192.0.2.9"), Some("curl"), now.plus_days(-1));
        for round in 0..3 {
            for number in 0..500 {
                let agent = format!("client {round} {number}");
                uses.record(&record, ip("192.0.2.1"), Some(&agent), now.plus_millis(round * 500 + number));
            }
            uses.write().await.unwrap();
            assert_eq!(world.count("key_uses").await, MAX_CLIENTS + 1);
        }
        let latest = now.plus_millis(2 * 500 + 499 - MAX_CLIENTS + 1).millis();
        assert_eq!(world.count(&format!("key_uses WHERE last_used_at >= {latest}")).await, MAX_CLIENTS);
        let long = "x".repeat(10_000);
        uses.record(&other, None, Some(&long), now);
        uses.write().await.unwrap();
        assert_eq!(world.count("key_uses WHERE length(agent) = 100").await, 1);
    }

    async fn clients_that_come_a_few_at_a_time_are_bounded_on_all_servers(world: &World) {
        let [record] = records(world, 1).await.try_into().unwrap();
        let servers = [KeyUses::start(&world.services), KeyUses::start(&world.services)];
        let now = world.services.now();
        for round in 0..10 {
            for number in 0..10 {
                let agent = format!("client {round} {number}");
                servers[number % 2].record(&record, ip("192.0.2.1"), Some(&agent), now.plus_millis(round));
            }
            let (one, other) = tokio::join!(servers[0].write(), servers[1].write());
            one.and(other).unwrap();
            assert_eq!(world.count("key_uses").await, MAX_CLIENTS.min(10 * (round + 1)));
        }
        assert_eq!(world.count(&format!("key_uses WHERE last_used_at >= {}", now.plus_millis(5).millis())).await, MAX_CLIENTS);
    }

    async fn clients_of_long_ago_are_forgotten_but_not_the_last_use(world: &World) {
        let admin = world.organization("Acme", "UTC").await;
        let project = world.default_project(&admin).await;
        let now = world.services.now();
        let days = |days: i64| now.plus_days(-days);
        let mut keys: Vec<StoredKey> = ["old", "older", "crowded"].map(|name| StoredKey::new(name, project, days(900))).into();
        let mut add_use = |key: usize, agent: String, at: Timestamp| {
            keys[key].secrets[0].uses.push(("192.0.2.1".to_owned(), agent, at));
        };
        add_use(0, "kept, since it was within 90 days".to_owned(), days(90));
        add_use(0, "gone".to_owned(), days(90).plus_millis(-1));
        add_use(1, "kept, since it was the last".to_owned(), days(300));
        add_use(1, "gone".to_owned(), days(301));
        (0..70).for_each(|number| add_use(2, format!("client {number}"), days(number)));
        world.store_keys(&admin.organization, &keys).await;
        uses::prune(&world.services).await.unwrap();
        assert_eq!(world.count("key_uses").await, 2 + MAX_CLIENTS);
        assert_eq!(world.count("key_uses WHERE agent = 'gone'").await, 0);
        let last = async |key: &StoredKey| api_keys::get(&world.services, &admin, key.id).await.unwrap().last_use.unwrap().at;
        assert_eq!((last(&keys[1]).await, last(&keys[2]).await), (days(300), now));
        uses::prune(&world.services).await.unwrap();
        assert_eq!(world.count("key_uses").await, 2 + MAX_CLIENTS);
    }

    async fn nothing_is_lost_while_the_database_fails(world: &World) {
        let [record] = records(world, 1).await.try_into().unwrap();
        let uses = KeyUses::start(&world.services);
        let now = world.services.now();
        world.execute("ALTER TABLE key_uses RENAME TO away").await;
        uses.record(&record, ip("192.0.2.1"), Some("before"), now.plus_millis(-2));
        assert!(uses.write().await.is_err());
        uses.record(&record, ip("192.0.2.1"), Some("before"), now.plus_millis(-1));
        uses.record(&record, ip("192.0.2.1"), Some("between"), now.plus_millis(-1));
        assert!(uses.write().await.is_err());
        world.execute("ALTER TABLE away RENAME TO key_uses").await;
        uses.finish().await;
        assert_eq!(world.count(&format!("key_uses WHERE last_used_at = {}", now.plus_millis(-1).millis())).await, 2);
        assert_eq!(world.count("key_uses").await, 2);
    }

    async fn what_is_left_is_written_at_the_end(world: &World) {
        let [record] = records(world, 1).await.try_into().unwrap();
        let uses = KeyUses::start(&world.services);
        let elsewhere = uses.clone();
        elsewhere.record(&record, ip("192.0.2.1"), None, world.services.now());
        uses.finish().await;
        assert_eq!(world.count("key_uses").await, 1);
        // A second end has no effect.
        elsewhere.finish().await;
    }

    async fn only_the_latest_clients_of_a_day_are_told(world: &World) {
        let admin = world.organization("Acme", "UTC").await;
        let project = world.default_project(&admin).await;
        let now = world.services.now();
        let mut key = StoredKey::new("web", project, now.plus_days(-9)).used_at(now.plus_days(-1).plus_millis(-1));
        for number in 0..10 {
            let client = (format!("192.0.2.{number}"), String::new(), now.plus_minutes(-number));
            key.secrets[0].uses.push(client);
        }
        world.store_keys(&admin.organization, std::slice::from_ref(&key)).await;
        let recent = api_keys::recent_use(&world.services, &admin, &[key.id]).await.unwrap();
        let ips: Vec<&str> = recent[0].clients.iter().map(|client| client.ip.as_str()).collect();
        assert_eq!(ips, ["192.0.2.0", "192.0.2.1", "192.0.2.2", "192.0.2.3", "192.0.2.4"]);
        assert_eq!(ips.len(), MAX_CLIENTS_SHOWN);
        assert_eq!((recent[0].calls, recent[0].name.as_str()), (0, "web"));
    }
}
