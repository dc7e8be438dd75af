//! Sign-up, sign-in and passwords.

use std::time::Instant;

use domain::{
    accounts::{PasswordChange, SignIn},
    permissions::Role,
};
use patience::wait_until;
use services::{ServiceError, Services, accounts, projects};

use crate::support::{PASSWORD, device, field_error, sign_up_input};

fn credentials(email: &str, password: &str) -> SignIn {
    SignIn { email: email.to_owned(), password: password.to_owned() }
}

on_both_databases! {
    async fn signing_up_makes_an_organization_with_its_owner_and_a_project(world: &World) {
        let signed_in = world.sign_up("Mira", "Acme Robotics").await;
        let user = accounts::authenticate(&world.services, &signed_in.token).await.unwrap();
        let viewer = accounts::viewer(&world.services, &user).await.unwrap();
        assert_eq!((viewer.name.as_str(), viewer.email.as_str()), ("Mira", "mira@example.com"));
        let slug = viewer.last_organization.clone().unwrap();
        assert!(slug.starts_with("acme-robotics-"), "{slug}");
        let [membership] = viewer.memberships.as_slice() else { panic!("{:?}", viewer.memberships) };
        assert_eq!((membership.role, membership.time_zone.as_str()), (Role::Owner, "Europe/Berlin"));
        let actor = accounts::actor(&world.services, &user, &slug, None).await.unwrap();
        let projects = projects::list(&world.services, &actor).await.unwrap();
        assert_eq!(projects.iter().map(|project| project.name.as_str()).collect::<Vec<_>>(), ["Default"]);
    }

    async fn a_taken_address_is_named_and_nothing_is_left_behind(world: &World) {
        world.sign_up("Mira", "Acme").await;
        let again = accounts::sign_up(&world.services, sign_up_input("MIRA", "Second"), &device()).await;
        assert!(field_error(again, "email").contains("already"));
        assert_eq!(services::organizations::list(&world.services).await.unwrap().len(), 1);
    }

    async fn an_unknown_time_zone_becomes_utc(world: &World) {
        let mut input = sign_up_input("Mira", "Acme");
        input.time_zone = "Moon/Tranquility".to_owned();
        accounts::sign_up(&world.services, input, &device()).await.unwrap();
        let organization = services::organizations::list(&world.services).await.unwrap().remove(0);
        assert_eq!(organization.time_zone, chrono_tz::UTC);
    }

    async fn a_guessable_password_is_refused_everywhere(world: &World) {
        let mut input = sign_up_input("Mira", "Acme");
        input.password = "password1234".to_owned();
        field_error(accounts::sign_up(&world.services, input, &device()).await, "password");
        let signed_in = world.sign_up("Mira", "Acme").await;
        let change = PasswordChange { current: PASSWORD.to_owned(), new: "mira@example".to_owned() };
        field_error(accounts::change_password(&world.services, &signed_in.user, change, &device()).await, "new");
        field_error(accounts::set_password(&world.services, "mira@example.com", "qwertyuiop").await, "password");
    }

    async fn the_right_password_signs_in(world: &World) {
        world.sign_up("Mira", "Acme").await;
        let input = credentials(" Mira@Example.com ", PASSWORD);
        let signed_in = accounts::sign_in(&world.services, input, &device()).await.unwrap();
        let user = accounts::authenticate(&world.services, &signed_in.token).await.unwrap();
        assert_eq!(user.email, "mira@example.com");
    }

    async fn unknown_and_known_users_are_answered_alike(world: &World) {
        world.sign_up("Mira", "Acme").await;
        // The minimum of each, since other load only adds time: a true difference remains, however often it
        // is measured.
        let mut fastest = [u128::MAX; 2];
        let alike = |[known, unknown]: [u128; 2]| known < 2 * unknown && unknown < 2 * known;
        for _ in 0..40 {
            for (index, email) in ["mira@example.com", "nobody@example.com"].into_iter().enumerate() {
                let start = Instant::now();
                let refused = accounts::sign_in(&world.services, credentials(email, "a wrong one"), &device()).await;
                fastest[index] = fastest[index].min(start.elapsed().as_micros());
                assert_eq!(field_error(refused, "password"), "Incorrect email or password.");
            }
            if alike(fastest) {
                break;
            }
            // Long enough for the throttle to forget the attempts.
            world.clock.forward_minutes(10);
        }
        assert!(alike(fastest), "{fastest:?} µs");
    }

    async fn guessing_is_throttled_without_locking_out_elsewhere(world: &World) {
        world.sign_up("Mira", "Acme").await;
        let mut refusals = Vec::new();
        for _ in 0..11 {
            let wrong = credentials("mira@example.com", "a wrong one");
            refusals.push(accounts::sign_in(&world.services, wrong, &device()).await.err().unwrap());
        }
        assert!(matches!(refusals.pop(), Some(ServiceError::RateLimited { .. })));
        assert!(refusals.iter().all(|refusal| matches!(refusal, ServiceError::Invalid(_))));
        let right = || credentials("mira@example.com", PASSWORD);
        let throttled = accounts::sign_in(&world.services, right(), &device()).await;
        assert!(matches!(throttled, Err(ServiceError::RateLimited { retry_after_seconds: 301 })));
        let elsewhere = accounts::Device { ip: Some("198.51.100.1".parse().unwrap()), ..device() };
        accounts::sign_in(&world.services, right(), &elsewhere).await.unwrap();
        world.clock.forward_minutes(5);
        accounts::sign_in(&world.services, right(), &device()).await.unwrap();
    }

    async fn failed_sign_ins_of_known_users_are_in_the_audit_log_so_many_an_hour(world: &World) {
        let mira = world.sign_up("Mira", "Acme").await;
        let fail = async |email: &str, from: u8| {
            let elsewhere = accounts::Device { ip: Some([198, 51, 100, from].into()), ..device() };
            let refused = accounts::sign_in(&world.services, credentials(email, "a wrong one"), &elsewhere).await;
            field_error(refused, "password");
        };
        let entries = "audit_entries WHERE action = 'user.sign_in_failed'";
        for from in 0..15 {
            fail("mira@example.com", from).await;
            fail("nobody@example.com", from).await;
            let expected = i64::from(from.min(9)) + 1;
            wait_until("the entry is written", async || world.count(entries).await == expected).await;
        }
        let rows = world.rows(&format!("SELECT actor_kind, target_id, ip FROM {entries} ORDER BY sequence")).await;
        let text = |column: &str| rows[0].try_get::<String>("", column).unwrap();
        assert_eq!((text("actor_kind"), text("ip")), ("somebody".to_owned(), "198.51.100.0".to_owned()));
        assert_eq!(text("target_id"), mira.user.user_id.to_string());
        world.clock.forward_minutes(60);
        fail("mira@example.com", 1).await;
        wait_until("the next hour has entries of its own", async || world.count(entries).await == 11).await;
        let change = PasswordChange { current: "not this".to_owned(), new: "violet harbour counts seven".to_owned() };
        field_error(accounts::change_password(&world.services, &mira.user, change, &device()).await, "current");
        let refused = "audit_entries WHERE action = 'user.password_refused'";
        wait_until("a wrong current password is told too", async || world.count(refused).await == 1).await;
        assert!(services::audit::verify(&world.services).await.unwrap().first_break.is_none());
    }

    async fn failures_are_counted_over_all_servers(world: &World) {
        world.sign_up("Mira", "Acme").await;
        let other = Services::open(world.database.url(), world.clock.clone()).await.unwrap();
        let wrong = || credentials("mira@example.com", "a wrong one");
        for server in [&world.services, &other].into_iter().cycle().take(10) {
            field_error(accounts::sign_in(server, wrong(), &device()).await, "password");
        }
        for server in [&world.services, &other] {
            let throttled = accounts::sign_in(server, wrong(), &device()).await;
            assert!(matches!(throttled, Err(ServiceError::RateLimited { .. })));
        }
        other.database().clone().close().await.unwrap();
    }

    async fn guessing_from_everywhere_locks_nobody_out_where_they_are_known(world: &World) {
        world.sign_up("Mira", "Acme").await;
        let from = |number: usize| accounts::Device { ip: Some(format!("203.0.113.{number}").parse().unwrap()), ..device() };
        let mut throttled = 0;
        for number in 0..110 {
            let wrong = credentials("mira@example.com", "a wrong one");
            let refused = accounts::sign_in(&world.services, wrong, &from(number / 5)).await;
            throttled += usize::from(matches!(refused, Err(ServiceError::RateLimited { .. })));
        }
        assert_eq!(throttled, 10);
        let right = || credentials("mira@example.com", PASSWORD);
        let elsewhere = accounts::sign_in(&world.services, right(), &from(200)).await;
        assert!(matches!(elsewhere, Err(ServiceError::RateLimited { .. })));
        // Other users aren't affected either.
        world.sign_up("Noor", "Other").await;
        accounts::sign_in(&world.services, credentials("noor@example.com", PASSWORD), &from(200)).await.unwrap();
        accounts::sign_in(&world.services, right(), &device()).await.unwrap();
    }

    async fn an_address_that_guesses_for_many_is_refused_but_for_who_is_known_there(world: &World) {
        world.sign_up("Mira", "Acme").await;
        for user in 0..30 {
            let wrong = credentials(&format!("user{user}@example.com"), "a wrong one");
            field_error(accounts::sign_in(&world.services, wrong, &device()).await, "password");
        }
        let throttled = accounts::sign_in(&world.services, credentials("noor@example.com", "x"), &device()).await;
        assert!(matches!(throttled, Err(ServiceError::RateLimited { .. })));
        let right = credentials("mira@example.com", PASSWORD);
        accounts::sign_in(&world.services, right, &device()).await.unwrap();
    }

    async fn who_has_an_account_cannot_be_tried_out(world: &World) {
        world.sign_up("Mira", "Acme").await;
        for _ in 0..10 {
            let refused = accounts::sign_up(&world.services, sign_up_input("Mira", "X"), &device()).await;
            field_error(refused, "email");
        }
        let again = accounts::sign_up(&world.services, sign_up_input("Mira", "X"), &device()).await;
        assert!(matches!(again, Err(ServiceError::RateLimited { .. })));
        for name in ["Ann", "Bob", "Cem", "Dora"] {
            world.sign_up(name, "Theirs").await;
        }
    }

    async fn refused_sign_ups_are_throttled_before_anything_that_takes_time(world: &World) {
        let weak = |number: usize| {
            let mut input = sign_up_input(&format!("Mira{number}"), "Acme");
            input.password = "password1234".to_owned();
            input
        };
        for number in 0..30 {
            field_error(accounts::sign_up(&world.services, weak(number), &device()).await, "password");
        }
        let refused = accounts::sign_up(&world.services, weak(30), &device()).await;
        assert!(matches!(refused, Err(ServiceError::RateLimited { .. })));
        let elsewhere = accounts::Device { ip: Some("198.51.100.1".parse().unwrap()), ..device() };
        accounts::sign_up(&world.services, sign_up_input("Mira", "Acme"), &elsewhere).await.unwrap();
    }

    async fn weak_new_passwords_count_as_failures(world: &World) {
        let signed_in = world.sign_up("Mira", "Acme").await;
        let change = || PasswordChange { current: PASSWORD.to_owned(), new: "acme@123456".to_owned() };
        for _ in 0..10 {
            field_error(accounts::change_password(&world.services, &signed_in.user, change(), &device()).await, "new");
        }
        let refused = accounts::change_password(&world.services, &signed_in.user, change(), &device()).await;
        assert!(matches!(refused, Err(ServiceError::RateLimited { .. })));
    }

    async fn changing_the_password_ends_all_sessions_and_gives_a_new_token(world: &World) {
        let first = world.sign_up("Mira", "Acme").await;
        let other = accounts::sign_in(&world.services, credentials("mira@example.com", PASSWORD), &device()).await.unwrap();
        let new = "violet harbour counts seven";
        let wrong = PasswordChange { current: "not this".to_owned(), new: new.to_owned() };
        field_error(accounts::change_password(&world.services, &first.user, wrong, &device()).await, "current");
        let change = PasswordChange { current: PASSWORD.to_owned(), new: new.to_owned() };
        let changed = accounts::change_password(&world.services, &first.user, change, &device()).await.unwrap();
        for ended in [&first.token, &other.token] {
            let refused = accounts::authenticate(&world.services, ended).await;
            assert!(matches!(refused, Err(ServiceError::Unauthenticated)));
        }
        accounts::authenticate(&world.services, &changed.token).await.unwrap();
        let old = accounts::sign_in(&world.services, credentials("mira@example.com", PASSWORD), &device()).await;
        field_error(old, "password");
        accounts::sign_in(&world.services, credentials("mira@example.com", new), &device()).await.unwrap();
    }

    async fn a_password_set_on_the_command_line_ends_all_sessions(world: &World) {
        let signed_in = world.sign_up("Mira", "Acme").await;
        let new = "violet harbour counts seven";
        accounts::set_password(&world.services, "mira@example.com", new).await.unwrap();
        let refused = accounts::authenticate(&world.services, &signed_in.token).await;
        assert!(matches!(refused, Err(ServiceError::Unauthenticated)));
        accounts::sign_in(&world.services, credentials("mira@example.com", new), &device()).await.unwrap();
        field_error(accounts::set_password(&world.services, "nobody@example.com", new).await, "email");
    }

    async fn who_has_an_account_joins_another_organization_with_it(world: &World) {
        let mira = world.sign_up("Mira", "Acme").await;
        let other = world.organization("Other", "UTC").await.organization;
        let join = async |email: &str| accounts::add_existing_user(&world.services, &other, email, Role::Developer).await;
        assert_eq!(join("nobody@example.com").await.unwrap(), None);
        assert_eq!(join(" Mira@Example.com").await.unwrap(), Some(mira.user.user_id));
        let again = accounts::sign_in(&world.services, credentials("mira@example.com", PASSWORD), &device()).await.unwrap();
        let viewer = accounts::viewer(&world.services, &again.user).await.unwrap();
        let memberships: Vec<_> = viewer.memberships.iter().map(|membership| (membership.name.as_str(), membership.role)).collect();
        assert_eq!(memberships, [("Acme", Role::Owner), ("Other", Role::Developer)]);
        assert!(field_error(join("mira@example.com").await, "email").contains("already a member"));
        assert!(services::audit::verify(&world.services).await.unwrap().first_break.is_none());
    }

    async fn an_operator_is_whoever_was_made_one(world: &World) {
        let signed_in = world.sign_up("Mira", "Acme").await;
        assert!(!signed_in.user.is_operator);
        accounts::grant_operator(&world.services, "mira@example.com").await.unwrap();
        assert!(accounts::authenticate(&world.services, &signed_in.token).await.unwrap().is_operator);
    }

    async fn a_new_name_is_shown(world: &World) {
        let signed_in = world.sign_up("Mira", "Acme").await;
        accounts::rename(&world.services, &signed_in.user, " Mira Lang ", &device()).await.unwrap();
        let user = accounts::authenticate(&world.services, &signed_in.token).await.unwrap();
        assert_eq!(user.name, "Mira Lang");
        field_error(accounts::rename(&world.services, &user, " ", &device()).await, "name");
    }
}
