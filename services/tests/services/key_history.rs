//! The history of keys, and their recent use.

use domain::{
    api_keys::{ApiKeyChanges, Rotation},
    calls::Outcome,
    permissions::Role,
};
use serde_json::{Value, json};
use services::{ServiceError, api_keys};
use sha2::{Digest, Sha256};

use crate::support::{TestCall, field_error, new_key, record};

on_both_databases! {
    async fn a_keys_history_is_told_the_latest_first(world: &World) {
        let admin = world.organization("Acme", "UTC").await;
        let project = world.default_project(&admin).await;
        let developer = world.member(&admin.organization, "Dev", Role::Developer).await;
        world.assign(&admin, project, "Dev").await;
        let (key, first) = world.secret(&developer, new_key(project, "web")).await;
        world.key(&admin, project, "another").await;
        let made_at = world.services.now();
        world.clock.forward_minutes(1);
        let changes = ApiKeyChanges { name: Some("website".to_owned()), ..ApiKeyChanges::default() };
        api_keys::edit(&world.services, &admin, key.id, changes).await.unwrap();
        let rotation = Rotation { grace_seconds: 60, request: None };
        let second = api_keys::rotate(&world.services, &developer, key.id, rotation).await.unwrap().secret.unwrap();
        api_keys::revoke(&world.services, &admin, &[key.id]).await.unwrap();

        let history = api_keys::history(&world.services, &developer, key.id).await.unwrap();
        let actions: Vec<_> = history.iter().map(|entry| (entry.action.as_str(), entry.actor.as_str())).collect();
        assert_eq!(
            actions,
            [
                ("api_key.revoked", "Command line"),
                ("api_key.rotated", "Dev"),
                ("api_key.edited", "Command line"),
                ("api_key.created", "Dev"),
            ]
        );
        assert_eq!((&history[2].before, &history[2].after), (&json!({ "name": "web" }), &json!({ "name": "website" })));
        assert_eq!((&history[3].before, history[3].at, history[3].ip.as_str()), (&Value::Null, made_at, "192.0.2.7"));
        assert!(history.is_sorted_by(|a, b| a.sequence > b.sequence));

        // Neither a secret nor its hash is in it.
        let text = serde_json::to_string(&history).unwrap();
        for secret in [first.reveal(), &second] {
            let hash: String = Sha256::digest(secret).iter().map(|byte| format!("{byte:02x}")).collect();
            for part in [&secret[..secret.len() - 4], &secret["toll_std_".len()..], &hash] {
                assert!(!text.contains(part));
            }
            assert!(text.contains(&secret[secret.len() - 4..]));
        }
    }

    async fn a_call_that_was_just_answered_counts_as_use(world: &World) {
        let admin = world.organization("Acme", "UTC").await;
        let key = world.key(&admin, world.default_project(&admin).await, "used").await;
        let meter = world.meter().await;
        for second in 0..5 {
            let call = TestCall::at_moment(world.services.now().plus_millis(-1_000 * second));
            // The call is in the journal, but not in the database yet.
            meter.record(record(&admin.organization, &key, &call)).await.unwrap();
            let recent = api_keys::recent_use(&world.services, &admin, &[key.id]).await.unwrap();
            assert_eq!(recent[0].calls, second + 1);
        }
    }

    async fn a_days_calls_are_counted(world: &World) {
        // A zone whose hours don't begin with those of UTC.
        let admin = world.organization("Acme", "Asia/Kathmandu").await;
        let project = world.default_project(&admin).await;
        let (used, idle) = (world.key(&admin, project, "used").await, world.key(&admin, project, "idle").await);
        // The clock shows 14:32:07; the quarter of an hour began at 14:30 the day before.
        let made = [
            TestCall::at("2026-11-16T14:29:59Z"),
            TestCall::at("2026-11-16T14:30:00Z"),
            TestCall::at("2026-11-17T03:00:00Z").outcome(Outcome::Failed),
            TestCall::at("2026-11-17T14:32:07Z"),
            TestCall::at("2026-11-17T14:00:00Z").outcome(Outcome::Refused),
        ];
        world.calls(&admin.organization, &used, &made).await;
        let ask = async |ids: &[_]| api_keys::recent_use(&world.services, &admin, ids).await;
        let uses = ask(&[idle.id, used.id]).await.unwrap();
        assert_eq!((uses[0].id, uses[0].calls, uses[0].masked.as_str()), (idle.id, 0, idle.masked.as_str()));
        assert_eq!((uses[1].id, uses[1].calls), (used.id, 3));
        assert_eq!(ask(&[]).await.unwrap(), []);
        let unknown = "key_01h2xcejqtf2nbrexx3vqjhp41".parse().unwrap();
        assert!(matches!(ask(&[used.id, unknown]).await, Err(ServiceError::NotFound)));
        field_error(ask(&vec![used.id; api_keys::MAX_REVOKED_AT_ONCE + 1]).await, "ids");
    }
}
