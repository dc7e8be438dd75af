//! Reminders to owners of keys.

use domain::{
    api_keys::{ApiKey, Expiration, NewApiKey, Rotation},
    notifications::Notice,
    permissions::Role,
};
use futures::future::join_all;
use services::{
    Actor, Services,
    api_keys::{
        self,
        directory::{KeyDirectory, KeyVerification},
        uses::KeyUses,
    },
    notifications,
};

use crate::support::{World, new_key};

/// Notices in a member's inbox, oldest first.
async fn notices(world: &World, actor: &Actor) -> Vec<Notice> {
    let inbox = notifications::list(&world.services, actor, false, None).await.unwrap();
    inbox.notifications.into_iter().rev().map(|notification| notification.notice).collect()
}

async fn remind(world: &World) {
    api_keys::remind(&world.services).await.unwrap();
}

fn expires(key: &ApiKey, days: u32) -> Notice {
    Notice::KeyExpiresSoon { api_key: key.id, name: key.name.clone(), at: key.expires_at.unwrap(), days }
}

/// A developer with a key in the default project.
async fn developer(world: &World, change: impl FnOnce(&mut NewApiKey)) -> (Actor, Actor, ApiKey) {
    let admin = world.organization("Acme", "UTC").await;
    let project = world.default_project(&admin).await;
    let maker = world.member(&admin.organization, "Dev", Role::Developer).await;
    world.assign(&admin, project, "Dev").await;
    let mut request = new_key(project, "web");
    change(&mut request);
    let (key, _) = world.secret(&maker, request).await;
    (admin, maker, key)
}

on_both_databases! {
    async fn an_expiry_is_told_fourteen_three_and_one_days_before_each_once(world: &World) {
        let (admin, maker, key) = developer(world, |key| key.life = Expiration::Days(90)).await;
        let owner = world.member(&admin.organization, "Olga", Role::Owner).await;
        let mut expected = Vec::new();
        let mut before = 90;
        for (left, days) in [(15, None), (14, Some(14)), (13, None), (4, None), (3, Some(3)), (1, Some(1)), (0, None)] {
            world.clock.forward_days(before - left);
            before = left;
            remind(world).await;
            remind(world).await;
            expected.extend(days.map(|days| expires(&key, days)));
            assert_eq!(notices(world, &maker).await, expected, "{left} days before");
        }
        // Only the key's maker gets them.
        assert_eq!(notices(world, &owner).await, []);
    }

    async fn after_a_while_without_a_server_only_what_is_left_is_told(world: &World) {
        let (_, maker, key) = developer(world, |key| key.life = Expiration::Days(90)).await;
        world.clock.forward_days(88);
        remind(world).await;
        assert_eq!(notices(world, &maker).await, [expires(&key, 3)]);
    }

    async fn a_short_life_is_no_news_to_whoever_chose_it(world: &World) {
        let (_, maker, key) = developer(world, |key| key.life = Expiration::Days(3)).await;
        remind(world).await;
        world.clock.forward_days(1);
        remind(world).await;
        assert_eq!(notices(world, &maker).await, []);
        world.clock.forward_days(1);
        remind(world).await;
        assert_eq!(notices(world, &maker).await, [expires(&key, 1)]);
    }

    async fn a_key_that_has_ended_is_nothing_to_remind_of(world: &World) {
        let (admin, maker, key) = developer(world, |key| {
            key.life = Expiration::Days(90);
            key.rotate_every_days = Some(30);
        })
        .await;
        world.clock.forward_days(85);
        api_keys::revoke(&world.services, &admin, &[key.id]).await.unwrap();
        remind(world).await;
        assert_eq!(notices(world, &maker).await, []);
    }

    async fn a_secret_is_due_once_and_the_next_one_again(world: &World) {
        let (_, maker, key) = developer(world, |key| key.rotate_every_days = Some(30)).await;
        let due = |since| Notice::KeyRotationDue { api_key: key.id, name: "web".to_owned(), since };
        world.clock.forward_millis(30 * 24 * 60 * 60 * 1000 - 1);
        remind(world).await;
        assert_eq!(notices(world, &maker).await, []);
        world.clock.forward_millis(1);
        let first = world.services.now();
        for _ in 0..3 {
            remind(world).await;
            world.clock.forward_days(1);
        }
        assert_eq!(notices(world, &maker).await, [due(first)]);
        let rotation = Rotation { grace_seconds: 24 * 60 * 60, request: None };
        api_keys::rotate(&world.services, &maker, key.id, rotation).await.unwrap();
        world.clock.forward_days(29);
        remind(world).await;
        assert_eq!(notices(world, &maker).await.len(), 1);
        world.clock.forward_days(1);
        let second = world.services.now();
        remind(world).await;
        assert_eq!(notices(world, &maker).await, [due(first), due(second)]);
    }

    async fn an_old_secret_that_is_still_used_is_pointed_out_in_its_last_hour(world: &World) {
        let admin = world.organization("Acme", "UTC").await;
        let project = world.default_project(&admin).await;
        let owner = world.member(&admin.organization, "Olga", Role::Owner).await;
        let uses = KeyUses::start(&world.services);
        let mut used = Vec::new();
        for name in ["used", "idle"] {
            let (key, secret) = world.secret(&admin, new_key(project, name)).await;
            let directory = KeyDirectory::start(&world.services);
            let KeyVerification::Active(record) = directory.verify(&secret).await.unwrap() else { panic!("{name}") };
            uses.record(&record, None, None, world.services.now());
            let rotation = Rotation { grace_seconds: 3 * 60 * 60, request: None };
            api_keys::rotate(&world.services, &admin, key.id, rotation).await.unwrap();
            used.push((key, record));
        }
        let end = world.services.now().plus_minutes(180);
        world.clock.forward_minutes(119);
        uses.record(&used[0].1, None, None, world.services.now());
        uses.finish().await;
        remind(world).await;
        assert_eq!(notices(world, &owner).await, []);
        world.clock.forward_minutes(1);
        remind(world).await;
        remind(world).await;
        let ends = |at| Notice::KeyGraceEnds { api_key: used[0].0.id, name: "used".to_owned(), at };
        assert_eq!(notices(world, &owner).await, [ends(end)]);
        // Setting the grace period to end at the same moment causes no second reminder.
        api_keys::set_grace(&world.services, &admin, used[0].0.id, 60 * 60).await.unwrap();
        remind(world).await;
        assert_eq!(notices(world, &owner).await, [ends(end)]);
    }

    async fn where_the_maker_is_gone_the_administrators_are_told(world: &World) {
        let (admin, _, key) = developer(world, |key| key.life = Expiration::Days(90)).await;
        let owner = world.member(&admin.organization, "Olga", Role::Owner).await;
        let viewer = world.member(&admin.organization, "Vi", Role::Viewer).await;
        world.execute("DELETE FROM memberships WHERE user_id IN (SELECT id FROM users WHERE name = 'Dev')").await;
        world.clock.forward_days(89);
        remind(world).await;
        assert_eq!(notices(world, &owner).await, [expires(&key, 1)]);
        assert!(notifications::list(&world.services, &viewer, false, None).await.is_err());
        assert_eq!(world.count("notifications").await, 1);
    }

    async fn two_servers_at_once_tell_once(world: &World) {
        let admin = world.organization("Acme", "UTC").await;
        let project = world.default_project(&admin).await;
        let people = [
            world.member(&admin.organization, "Olga", Role::Owner).await,
            world.member(&admin.organization, "Ada", Role::Admin).await,
        ];
        for number in 0..10 {
            let plain = new_key(project, &number.to_string());
            world.secret(&admin, NewApiKey { life: Expiration::Days(30), rotate_every_days: Some(20), ..plain }).await;
        }
        world.clock.forward_days(20);
        let another = Services::open(world.database.url(), world.clock.clone()).await.unwrap();
        let servers = [&world.services, &another];
        let outcomes = join_all((0..8).map(|number| api_keys::remind(servers[number % 2]))).await;
        assert!(outcomes.iter().all(Result::is_ok), "{outcomes:?}");
        for person in &people {
            assert_eq!(notifications::unread(&world.services, person).await.unwrap().count, 20);
        }
        assert_eq!(world.count("notifications").await, 40);
        another.database().clone().close().await.unwrap();
    }
}
