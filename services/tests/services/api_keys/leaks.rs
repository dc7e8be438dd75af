//! Reports of leaked keys.

use domain::{
    api_keys::{Expiration, Level, NewApiKey, Rotation, Secret, Status},
    notifications::Notice,
    permissions::Role,
};
use futures::future::join_all;
use patience::wait_for;
use serde_json::{Value, json};
use services::{
    Actor, ServiceError, Services,
    api_keys::{
        self, LeakReport, LeakVerdict, MAX_REPORTS,
        directory::{KeyDirectory, KeyVerification},
        report_leaks,
    },
    notifications,
};

use crate::support::{World, field_error, new_key};

fn report(secret: &Secret) -> LeakReport {
    LeakReport { secret: secret.reveal().to_owned(), place: "https://git.example/acme/web/commit/1f0c".to_owned() }
}

async fn leak(world: &World, secret: &Secret) -> LeakVerdict {
    report_leaks(&world.services, &[report(secret)]).await.unwrap()[0]
}

async fn notices(world: &World, actor: &Actor) -> Vec<Notice> {
    let inbox = notifications::list(&world.services, actor, false, None).await.unwrap();
    inbox.notifications.into_iter().map(|notification| notification.notice).collect()
}

/// A report of a secret of the right form whose last character is wrong.
fn mistyped(number: u8) -> LeakReport {
    let mut secret = Secret::from_digits(Level::Standard, [number % 62; 32]).reveal().to_owned();
    let last = secret.pop();
    secret.push(if last == Some('0') { '1' } else { '0' });
    LeakReport { secret, place: String::new() }
}

on_both_databases! {
    async fn a_leaked_key_is_disabled_on_every_server(world: &World) {
        let admin = world.organization("Acme", "UTC").await;
        let project = world.default_project(&admin).await;
        let (key, secret) = world.secret(&admin, new_key(project, "web")).await;
        let (other, good) = world.secret(&admin, new_key(project, "good")).await;
        let directories = [world.directory().await, world.directory().await];
        let mut listening: Vec<_> = directories.iter().map(KeyDirectory::subscribe_disabled).collect();
        for directory in &directories {
            for secret in [&secret, &good] {
                assert!(matches!(directory.verify(secret).await.unwrap(), KeyVerification::Active(_)));
            }
        }
        assert_eq!(leak(world, &secret).await, LeakVerdict::Stopped(key.id));
        for (directory, listening) in directories.iter().zip(&mut listening) {
            wait_for("the leak is heard of", async { while listening.recv().await != Ok(key.id) {} }).await;
            // By then the key is no longer cached.
            assert!(matches!(directory.verify(&secret).await.unwrap(), KeyVerification::Disabled(_)));
            assert!(matches!(directory.verify(&good).await.unwrap(), KeyVerification::Active(_)));
        }
        let listed = world.keys(&admin).await;
        let find = |id| listed.iter().find(|key| key.id == id).unwrap();
        assert_eq!(find(key.id).status, Status::Disabled);
        assert_eq!(find(key.id).disabled_at, Some(world.services.now()));
        assert_eq!(find(other.id).status, Status::Active);
        // Disabling can't be undone.
        let rotation = Rotation { grace_seconds: 0, request: None };
        let rotated = api_keys::rotate(&world.services, &admin, key.id, rotation).await;
        assert!(matches!(rotated, Err(ServiceError::Conflict(_))));
    }

    async fn its_maker_and_the_administrators_are_told_and_nobody_else(world: &World) {
        let admin = world.organization("Acme", "UTC").await;
        let project = world.default_project(&admin).await;
        let acme = &admin.organization;
        let owner = world.member(acme, "Olga", Role::Owner).await;
        let administrator = world.member(acme, "Ada", Role::Admin).await;
        let maker = world.member(acme, "Dev", Role::Developer).await;
        let colleague = world.member(acme, "Cole", Role::Developer).await;
        let suspended = world.member(acme, "Sue", Role::Admin).await;
        let stranger = world.member(&world.organization("Other", "UTC").await.organization, "Stan", Role::Owner).await;
        world.member(acme, "Vi", Role::Viewer).await;
        world.assign(&admin, project, "Dev").await;
        let sue = "user_id IN (SELECT id FROM users WHERE name = 'Sue')";
        world.execute(&format!("UPDATE memberships SET suspended_at = 1 WHERE {sue}")).await;
        let (key, secret) = world.secret(&maker, new_key(project, "web")).await;
        leak(world, &secret).await;
        let expected = Notice::KeyLeaked { api_key: key.id, name: "web".to_owned(), place: report(&secret).place };
        for recipient in [&owner, &administrator, &maker] {
            assert_eq!(notices(world, recipient).await, std::slice::from_ref(&expected));
        }
        for other in [&colleague, &suspended, &stranger] {
            assert_eq!(notices(world, other).await, []);
        }
        assert_eq!(world.count("notifications").await, 3);
    }

    async fn a_maker_who_left_is_not_told(world: &World) {
        let admin = world.organization("Acme", "UTC").await;
        let project = world.default_project(&admin).await;
        let owner = world.member(&admin.organization, "Olga", Role::Owner).await;
        let maker = world.member(&admin.organization, "Dev", Role::Developer).await;
        world.assign(&admin, project, "Dev").await;
        let (_, secret) = world.secret(&maker, new_key(project, "web")).await;
        world.execute("DELETE FROM memberships WHERE user_id IN (SELECT id FROM users WHERE name = 'Dev')").await;
        leak(world, &secret).await;
        assert_eq!(notices(world, &owner).await.len(), 1);
        assert_eq!(world.count("notifications").await, 1);
    }

    async fn what_has_ended_is_told_apart_from_what_never_was_and_stays_as_it_is(world: &World) {
        let admin = world.organization("Acme", "UTC").await;
        let project = world.default_project(&admin).await;
        let (disabled, first) = world.secret(&admin, new_key(project, "disabled")).await;
        let (revoked, second) = world.secret(&admin, new_key(project, "revoked")).await;
        let (expired, third) = world.secret(&admin, NewApiKey { life: Expiration::Days(1), ..new_key(project, "x") }).await;
        api_keys::revoke(&world.services, &admin, &[revoked.id]).await.unwrap();
        assert_eq!(leak(world, &first).await, LeakVerdict::Stopped(disabled.id));
        world.clock.forward_days(1);
        let (entries, changes) = (world.count("audit_entries").await, world.count("changes").await);
        for (secret, key) in [(&first, disabled.id), (&second, revoked.id), (&third, expired.id)] {
            let verdict = leak(world, secret).await;
            assert_eq!(verdict, LeakVerdict::Ended(key));
            assert!(verdict.is_key());
        }
        let never = leak(world, &Secret::from_digits(Level::Admin, [7; 32])).await;
        assert!(!never.is_key());
        assert_eq!((world.count("audit_entries").await, world.count("changes").await), (entries, changes));
        let listed = world.keys(&admin).await;
        let status = |id| listed.iter().find(|key| key.id == id).unwrap().status;
        assert_eq!([status(revoked.id), status(expired.id)], [Status::Revoked, Status::Expired]);
    }

    async fn an_old_secret_counts_as_long_as_it_works(world: &World) {
        let admin = world.organization("Acme", "UTC").await;
        let project = world.default_project(&admin).await;
        let rotation = || Rotation { grace_seconds: 60, request: None };
        let (key, old) = world.secret(&admin, new_key(project, "web")).await;
        api_keys::rotate(&world.services, &admin, key.id, rotation()).await.unwrap();
        world.clock.forward_minutes(1);
        // The replaced secret no longer works.
        assert_eq!(leak(world, &old).await, LeakVerdict::Ended(key.id));
        assert_eq!(world.keys(&admin).await[0].status, Status::Active);
        let (key, old) = world.secret(&admin, new_key(project, "app")).await;
        let rotated = api_keys::rotate(&world.services, &admin, key.id, rotation()).await.unwrap();
        assert_eq!(leak(world, &old).await, LeakVerdict::Stopped(key.id));
        let new = Secret::parse(&rotated.secret.unwrap()).unwrap();
        let verification = KeyDirectory::start(&world.services).verify(&new).await.unwrap();
        assert!(matches!(verification, KeyVerification::Disabled(_)));
    }

    async fn a_report_holds_many_of_many_organizations(world: &World) {
        let mut reports = Vec::new();
        let mut expected = Vec::new();
        for name in ["Acme", "Other"] {
            let admin = world.organization(name, "UTC").await;
            let project = world.default_project(&admin).await;
            for _ in 0..3 {
                let (key, secret) = world.secret(&admin, new_key(project, "web")).await;
                reports.extend([report(&secret), mistyped(3), report(&secret)]);
                expected.extend([LeakVerdict::Stopped(key.id), LeakVerdict::Unknown, LeakVerdict::Stopped(key.id)]);
            }
        }
        // With white space, as a scanner may have found it.
        reports[0].secret = format!(" {}\n", reports[0].secret);
        let entries = world.count("audit_entries").await;
        assert_eq!(report_leaks(&world.services, &reports).await.unwrap(), expected);
        assert_eq!(world.count("audit_entries").await, entries + 6);
        assert_eq!(services::audit::verify(&world.services).await.unwrap().first_break, None);
    }

    async fn the_same_report_many_times_at_once_disables_once(world: &World) {
        let admin = world.organization("Acme", "UTC").await;
        world.member(&admin.organization, "Olga", Role::Owner).await;
        let project = world.default_project(&admin).await;
        let (key, secret) = world.secret(&admin, new_key(project, "web")).await;
        let entries = world.count("audit_entries").await;
        let another = Services::open(world.database.url(), world.clock.clone()).await.unwrap();
        let servers = [&world.services, &another];
        let reports = [report(&secret)];
        let outcomes = join_all((0..12).map(|number| report_leaks(servers[number % 2], &reports))).await;
        let verdicts: Vec<LeakVerdict> = outcomes.into_iter().map(|verdicts| verdicts.unwrap()[0]).collect();
        assert_eq!(verdicts.iter().filter(|verdict| **verdict == LeakVerdict::Stopped(key.id)).count(), 1);
        assert!(verdicts.iter().all(|verdict| verdict.is_key()));
        assert_eq!((world.count("audit_entries").await, world.count("notifications").await), (entries + 1, 1));
        another.database().clone().close().await.unwrap();
    }

    async fn what_is_told_holds_no_secret_and_says_where_to_look(world: &World) {
        let admin = world.organization("Acme", "UTC").await;
        let owner = world.member(&admin.organization, "Olga", Role::Owner).await;
        let project = world.default_project(&admin).await;
        let (key, secret) = world.secret(&admin, new_key(project, "web")).await;
        let (begin, end) = secret.reveal().split_at(20);
        let place = format!("https://git.example/?q={begin}\r\n{end}X: y{}", "z".repeat(1000));
        let reported = LeakReport { secret: secret.reveal().to_owned(), place };
        assert!(!format!("{reported:?}").contains(secret.reveal()));
        report_leaks(&world.services, &[reported]).await.unwrap();
        let history = api_keys::history(&world.services, &admin, key.id).await.unwrap();
        assert_eq!((history[0].action.as_str(), history[0].actor.as_str()), ("api_key.leaked", "Leak report"));
        assert_eq!(world.count("audit_entries WHERE actor_kind = 'system'").await, 1);
        let Value::String(place) = &history[0].after["place"] else { panic!("{:?}", history[0]) };
        assert!(place.starts_with(&format!("https://git.example/?q={}X: yzzz", key.masked)), "{place}");
        assert_eq!(place.chars().count(), 500);
        assert_eq!(history[0].before, json!({ "name": "web" }));
        let received = notices(world, &owner).await;
        assert_eq!(received, [Notice::KeyLeaked { api_key: key.id, name: "web".to_owned(), place: place.clone() }]);
    }

    async fn a_wrong_checksum_makes_no_query(world: &World) {
        // A query on this database would fail, since it is closed.
        let closed = Services::open(world.database.url(), world.clock.clone()).await.unwrap();
        closed.database().clone().close().await.unwrap();
        let ask = async |reports: &[LeakReport]| report_leaks(&closed, reports).await;
        let mut reports: Vec<LeakReport> = (0..62).map(mistyped).collect();
        let noise = |text: &str| LeakReport { secret: text.to_owned(), place: String::new() };
        reports.extend(["", "toll_", "sk-1234", "toll_std_short"].map(noise));
        assert_eq!(ask(&reports).await.unwrap(), vec![LeakVerdict::Unknown; 66]);
        assert_eq!(ask(&[]).await.unwrap(), []);
        reports.push(report(&Secret::from_digits(Level::Standard, [9; 32])));
        assert!(matches!(ask(&reports).await, Err(ServiceError::Unavailable(_))));
        let many = vec![mistyped(1); MAX_REPORTS + 1];
        field_error(ask(&many).await, "reports");
    }
}
