//! Lifetimes of sessions.

use domain::{
    accounts::{PasswordChange, SessionEnd, SignIn},
    api_keys::KeyPolicy,
    organizations::OrganizationSettings,
    permissions::Role,
};
use sea_orm::ConnectionTrait;
use services::{ServiceError, accounts, live, organizations};

use crate::support::{PASSWORD, device, field_error, sign_up_input};

fn is_signed_out<T>(result: Result<T, ServiceError>) -> bool {
    matches!(result, Err(ServiceError::Unauthenticated))
}

on_both_databases! {
    async fn a_session_ends_when_it_idles_and_only_activity_keeps_it(world: &World) {
        let signed_in = world.sign_up("Mira", "Acme").await;
        let (services, token) = (&world.services, signed_in.token.as_str());
        world.clock.forward_minutes(119);
        accounts::authenticate(services, token).await.unwrap();
        world.clock.forward_minutes(119);
        // Polling isn't activity.
        accounts::authenticate_passively(services, token).await.unwrap();
        world.clock.forward_minutes(1);
        assert!(is_signed_out(accounts::authenticate_passively(services, token).await));
        assert!(is_signed_out(accounts::authenticate(services, token).await));
    }

    async fn what_has_expired_is_deleted_by_a_job_and_by_no_one_who_signs_in(world: &World) {
        let signed_in = world.sign_up("Mira", "Acme").await;
        world.clock.forward_days(31);
        let input = SignIn { email: "mira@example.com".to_owned(), password: PASSWORD.to_owned() };
        let again = accounts::sign_in(&world.services, input, &device()).await.unwrap();
        assert_eq!(world.count("sessions").await, 2);
        // The job skips locked rows.
        let busy = world.services.database().begin().await.unwrap();
        let postgres = world.services.database().is_postgres();
        if postgres {
            busy.execute_unprepared("UPDATE sessions SET ip = ip WHERE expires_at <= 9000000000000").await.unwrap();
            accounts::delete_expired(&world.services).await.unwrap();
        }
        busy.rollback().await.unwrap();
        assert_eq!(world.count("sessions").await, 2);
        accounts::delete_expired(&world.services).await.unwrap();
        assert_eq!(world.count("sessions").await, 1);
        accounts::authenticate(&world.services, &again.token).await.unwrap();
        assert!(is_signed_out(accounts::authenticate(&world.services, &signed_in.token).await));
    }

    async fn activity_that_cant_be_noted_is_no_reason_to_refuse_a_request(world: &World) {
        let signed_in = world.sign_up("Mira", "Acme").await;
        world.execute(if world.services.database().is_postgres() {
            "CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE 'refused'; END $$; \
             CREATE TRIGGER refuses BEFORE UPDATE ON sessions EXECUTE FUNCTION refuse()"
        } else {
            "CREATE TRIGGER refuses BEFORE UPDATE ON sessions BEGIN SELECT RAISE(ABORT, 'refused'); END"
        }).await;
        world.clock.forward_minutes(60);
        accounts::authenticate(&world.services, &signed_in.token).await.unwrap();
        world.clock.forward_minutes(60);
        assert!(is_signed_out(accounts::authenticate(&world.services, &signed_in.token).await));
    }

    async fn the_strictest_organization_says_how_long_a_session_may_idle(world: &World) {
        let signed_in = world.sign_up("Mira", "Acme").await;
        let actor = world.actor_of(&signed_in).await;
        let settings = OrganizationSettings {
            session_idle_minutes: 15,
            key_policy: KeyPolicy::default(),
            bodies: Default::default(),
            call_retention: Default::default(),
        };
        organizations::update_settings(&world.services, &actor, settings.clone()).await.unwrap();
        assert_eq!(organizations::settings(&world.services, &actor).await.unwrap(), settings);
        let session = signed_in.user.session_id;
        let watches = async || {
            let state = live::live_state(&world.services, actor.organization.id, &[session]).await.unwrap();
            state.watchers.contains_key(&session)
        };
        assert!(watches().await);
        world.clock.forward_minutes(15);
        assert!(!watches().await);
        assert!(is_signed_out(accounts::authenticate(&world.services, &signed_in.token).await));
    }

    async fn a_session_ends_after_thirty_days_however_active(world: &World) {
        let signed_in = world.sign_up("Mira", "Acme").await;
        // Steps of 90 minutes, since a session may be idle for less than two hours.
        for _ in 0..30 * 24 * 60 / 90 - 1 {
            world.clock.forward_minutes(90);
            accounts::authenticate(&world.services, &signed_in.token).await.unwrap();
        }
        world.clock.forward_minutes(90);
        assert!(is_signed_out(accounts::authenticate(&world.services, &signed_in.token).await));
    }

    async fn with_another_session_than_one_may_have_the_oldest_ends(world: &World) {
        world.services.set_quotas(services::Quotas { sessions: 2, ..services::Quotas::default() }).await.unwrap();
        let first = world.sign_up("Mira", "Acme").await;
        world.clock.forward_minutes(1);
        let input = || SignIn { email: "mira@example.com".to_owned(), password: PASSWORD.to_owned() };
        let second = accounts::sign_in(&world.services, input(), &device()).await.unwrap();
        accounts::authenticate(&world.services, &first.token).await.unwrap();
        let third = accounts::sign_in(&world.services, input(), &device()).await.unwrap();
        assert!(is_signed_out(accounts::authenticate(&world.services, &first.token).await));
        for token in [&second.token, &third.token] {
            accounts::authenticate(&world.services, token).await.unwrap();
        }
    }

    async fn a_browser_is_told_why_its_session_ended(world: &World) {
        world.services.set_quotas(services::Quotas { sessions: 3, ..services::Quotas::default() }).await.unwrap();
        let services = &world.services;
        let why = async |token: &str| accounts::session_end(services, token).await.unwrap();
        let mira = world.sign_up("Mira", "Acme").await;
        let input = || SignIn { email: "mira@example.com".to_owned(), password: PASSWORD.to_owned() };
        let sign_in = async || {
            world.clock.forward_minutes(1);
            accounts::sign_in(services, input(), &device()).await.unwrap()
        };
        assert_eq!(why("nonsense").await, None);
        assert_eq!(why(&mira.token).await, None, "it goes on");

        let (second, third) = (sign_in().await, sign_in().await);
        let fourth = sign_in().await;
        assert_eq!(why(&mira.token).await, Some(SessionEnd::TooMany));
        accounts::end_session(services, &fourth.user, second.user.session_id, PASSWORD, &device()).await.unwrap();
        assert_eq!(why(&second.token).await, Some(SessionEnd::Ended));
        let change = PasswordChange { current: PASSWORD.to_owned(), new: "violet harbour counts seven".to_owned() };
        let changed = accounts::change_password(services, &fourth.user, change, &device()).await.unwrap();
        assert_eq!(why(&third.token).await, Some(SessionEnd::PasswordChanged));

        world.clock.forward_minutes(120);
        assert_eq!(why(&changed.token).await, Some(SessionEnd::Inactivity));
        world.clock.forward_days(30);
        assert_eq!(why(&changed.token).await, Some(SessionEnd::Expired));
        accounts::delete_expired(services).await.unwrap();
        assert_eq!(world.count("ended_sessions").await, 0);
        assert_eq!(why(&third.token).await, None, "it isn't known any more");
    }

    async fn whoever_signs_out_knows_why(world: &World) {
        let mira = world.sign_up("Mira", "Acme").await;
        accounts::sign_out(&world.services, &mira.user, &device()).await.unwrap();
        assert_eq!(accounts::session_end(&world.services, &mira.token).await.unwrap(), None);
    }

    async fn signing_out_ends_this_session_only(world: &World) {
        let first = world.sign_up("Mira", "Acme").await;
        let input = SignIn { email: "mira@example.com".to_owned(), password: PASSWORD.to_owned() };
        let second = accounts::sign_in(&world.services, input, &device()).await.unwrap();
        assert_ne!(first.token, second.token);
        accounts::sign_out(&world.services, &first.user, &device()).await.unwrap();
        assert!(is_signed_out(accounts::authenticate(&world.services, &first.token).await));
        accounts::authenticate(&world.services, &second.token).await.unwrap();
    }

    async fn signing_in_again_ends_the_session_that_the_browser_shows(world: &World) {
        let first = world.sign_up("Mira", "Acme").await;
        let input = |name: &str| SignIn { email: format!("{name}@example.com"), password: PASSWORD.to_owned() };
        let again = async |name: &str, shown: Option<&str>| {
            accounts::sign_in_again(&world.services, input(name), &device(), shown).await.unwrap()
        };
        // A failed sign-in ends no session.
        let wrong = SignIn { password: "a wrong one".to_owned(), ..input("mira") };
        assert!(accounts::sign_in_again(&world.services, wrong, &device(), Some(&first.token)).await.is_err());
        accounts::authenticate(&world.services, &first.token).await.unwrap();
        let second = again("mira", Some(&first.token)).await;
        assert!(is_signed_out(accounts::authenticate(&world.services, &first.token).await));
        let elsewhere = again("mira", None).await;
        let unknown = again("mira", Some("nothing")).await;
        for token in [&second.token, &elsewhere.token, &unknown.token] {
            accounts::authenticate(&world.services, token).await.unwrap();
        }
        // Also when another user signs up or signs in with that browser.
        let (input, device) = (sign_up_input("Jon", "Other"), device());
        let jon = accounts::sign_up_in_place_of(&world.services, input, &device, Some(&second.token)).await.unwrap();
        assert!(is_signed_out(accounts::authenticate(&world.services, &second.token).await));
        again("mira", Some(&jon.token)).await;
        assert!(is_signed_out(accounts::authenticate(&world.services, &jon.token).await));
        accounts::authenticate(&world.services, &elsewhere.token).await.unwrap();
    }

    async fn sessions_are_shown_and_ended_by_their_owner_only(world: &World) {
        let mira = world.sign_up("Mira", "Acme").await;
        let jon = world.sign_up("Jon", "Other").await;
        world.clock.forward_minutes(1);
        let input = SignIn { email: "mira@example.com".to_owned(), password: PASSWORD.to_owned() };
        let second = accounts::sign_in(&world.services, input, &device()).await.unwrap();
        let shown = accounts::sessions(&world.services, &mira.user).await.unwrap();
        assert_eq!(shown.iter().map(|session| session.current).collect::<Vec<_>>(), [false, true]);
        assert_eq!((shown[0].device.as_str(), shown[0].ip.as_str()), ("Firefox on Linux", "192.0.2.7"));
        let stolen = accounts::end_session(&world.services, &jon.user, second.user.session_id, PASSWORD, &device()).await;
        assert!(matches!(stolen, Err(ServiceError::NotFound)));
        for wrong in ["", "not this"] {
            let one = accounts::end_session(&world.services, &mira.user, second.user.session_id, wrong, &device()).await;
            field_error(one, "password");
            field_error(accounts::end_other_sessions(&world.services, &mira.user, wrong, &device()).await, "password");
        }
        accounts::authenticate(&world.services, &second.token).await.unwrap();
        accounts::end_other_sessions(&world.services, &mira.user, PASSWORD, &device()).await.unwrap();
        assert!(is_signed_out(accounts::authenticate(&world.services, &second.token).await));
        accounts::authenticate(&world.services, &mira.token).await.unwrap();
        accounts::authenticate(&world.services, &jon.token).await.unwrap();
    }

    async fn nothing_but_the_hash_of_a_token_is_stored(world: &World) {
        let signed_in = world.sign_up("Mira", "Acme").await;
        assert!(is_signed_out(accounts::authenticate(&world.services, "").await));
        assert!(is_signed_out(accounts::authenticate(&world.services, &signed_in.token.to_uppercase()).await));
        assert_eq!(signed_in.token.len(), 64);
        let rows = world
            .services
            .database()
            .read()
            .query_all_raw(sea_orm::Statement::from_string(
                world.services.database().read().get_database_backend(),
                "SELECT token_hash FROM sessions",
            ))
            .await
            .unwrap();
        let hash: Vec<u8> = rows[0].try_get("", "token_hash").unwrap();
        assert_eq!(hash.len(), 32);
        let hex: String = hash.iter().map(|byte| format!("{byte:02x}")).collect();
        assert_ne!(hex, signed_in.token);
    }

    async fn a_lower_role_or_a_suspension_counts_from_the_next_request(world: &World) {
        let signed_in = world.sign_up("Mira", "Acme").await;
        let run = async |sql: &str| {
            let transaction = world.services.database().begin().await.unwrap();
            transaction.execute_unprepared(sql).await.unwrap();
            transaction.commit().await.unwrap();
        };
        let slug = world.actor_of(&signed_in).await.organization.slug;
        let actor = async || accounts::actor(&world.services, &signed_in.user, &slug, None).await;
        run("UPDATE memberships SET role = 'viewer'").await;
        assert!(matches!(
            actor().await.unwrap().kind,
            services::ActorKind::Member { role: Role::Viewer, .. }
        ));
        run("UPDATE memberships SET suspended_at = 1").await;
        assert!(matches!(actor().await, Err(ServiceError::NotFound)));
    }
}
