//! The demo organization.

use std::collections::BTreeMap;

use domain::{
    api_keys::{ApiKey, Hint, HintKind, KeyQuery, Level, Status},
    bodies::{BodiesState, StoredBody},
    calls::{CallQuery, Outcome, OutcomeFilter},
    usage::{Filter, StatusFilter},
};
use serde_json::Value;
use services::{Actor, ActorKind, OperatorSource, api_keys, audit, bodies, calls, demo, organizations};

use crate::support::World;

async fn fill(world: &World, days: u32, seed: u64) -> (Actor, Vec<ApiKey>) {
    let options = demo::DemoSize { calls: 3_000, days, seed };
    let made = demo::fill(&world.services, options, |_| {}).await.unwrap();
    assert_eq!(made.calls, 3_000);
    let organization = organizations::find(&world.services, &made.slug).await.unwrap();
    let admin = Actor { organization, kind: ActorKind::Operator(OperatorSource::CommandLine), ip: None };
    let keys = api_keys::list(&world.services, &admin, &KeyQuery::default()).await.unwrap().keys;
    (admin, keys)
}

/// The query for calls with this outcome.
fn ended(outcome: Outcome) -> CallQuery {
    let statuses = vec![StatusFilter::Outcome(OutcomeFilter::Only(outcome))];
    CallQuery { filter: Filter { statuses, ..Filter::default() }, ..CallQuery::default() }
}

/// Describes keys by name, without ids and secrets, which are random.
fn describe(keys: &[ApiKey]) -> BTreeMap<String, String> {
    let description = |key: &ApiKey| {
        let old = key.old_secret.as_ref().map(|old| (old.ends_at, old.last_used_at));
        format!(
            "{:?} {:?} {:?} {:?} {:?} {:?} {} {}",
            key.status,
            key.created_at,
            key.expires_at,
            key.hints,
            key.last_use,
            old,
            key.calls_this_month,
            key.spend_this_month
        )
    };
    keys.iter().map(|key| (key.name.clone(), description(key))).collect()
}

on_both_databases! {
    async fn its_keys_show_what_keys_can_be(world: &World) {
        let (admin, keys) = fill(world, 396, 1).await;
        for status in Status::ALL {
            assert!(keys.iter().any(|key| key.status == status), "{status:?}");
        }
        for kind in HintKind::ALL {
            assert!(keys.iter().flat_map(|key| &key.hints).map(Hint::kind).any(|hint| hint == kind), "{kind}");
        }
        for level in Level::ALL {
            assert!(keys.iter().any(|key| key.level == level), "{level}");
        }
        assert!(keys.iter().any(|key| !key.ip_allowlist.is_empty()) && keys.iter().any(|key| !key.scopes.is_empty()));
        let rotating = keys.iter().find(|key| key.status == Status::Rotating).unwrap();
        assert!(rotating.old_secret.as_ref().is_some_and(|old| old.last_used_at.is_some()));
        for key in &keys {
            let history = api_keys::history(&world.services, &admin, key.id).await.unwrap();
            assert_eq!(history.last().unwrap().action, "api_key.created", "{}", key.name);
            assert_eq!(history.last().unwrap().at, key.created_at);
        }
        assert_eq!(audit::verify(&world.services).await.unwrap().first_break, None);
        // The leaked key's owner and the administrators were notified.
        assert!(world.count("notifications").await >= 3);
    }

    async fn its_latest_calls_have_bodies_that_fit_them(world: &World) {
        let (admin, _) = fill(world, 40, 3).await;
        let query = ended(Outcome::Succeeded);
        let latest = calls::list(&world.services, &admin, &query).await.unwrap().calls;
        let mut streams = 0;
        for call in &latest[..40] {
            let BodiesState::Kept(bodies) = bodies::get(&world.services, &admin, call.id).await.unwrap() else {
                panic!("{call:?}")
            };
            let parse = |body: &StoredBody| serde_json::from_str::<Value>(body.text.as_deref().unwrap()).unwrap();
            let (request, response) = (parse(&bodies.request), parse(&bodies.response));
            assert_eq!(request["model"], call.model);
            assert_eq!(response["usage"]["prompt_tokens"], call.used.tokens_in);
            let characters = i64::try_from(bodies.request.bytes).unwrap();
            assert!(characters > 3 * call.used.tokens_in && characters < 5 * call.used.tokens_in + 1_000, "{call:?}");
            if call.streamed {
                streams += 1;
                assert!(request["stream"] == true && bodies.response.assembled);
            }
        }
        assert!(streams > 0);
        let query = ended(Outcome::Failed);
        let failed = &calls::list(&world.services, &admin, &query).await.unwrap().calls[0];
        let BodiesState::Kept(bodies) = bodies::get(&world.services, &admin, failed.id).await.unwrap() else {
            panic!("{failed:?}")
        };
        assert!(bodies.response.text.unwrap().contains("\"message\":"));
        assert!((200..=201).contains(&world.count("bodies").await));
    }

    async fn it_is_the_same_for_a_seed(world: &World) {
        let other = World::new(crate::support::TestDatabase::sqlite()).await;
        let (first, second) = (fill(world, 396, 5).await.1, fill(&other, 396, 5).await.1);
        assert_eq!(describe(&first), describe(&second));
        other.end().await;
    }
}
