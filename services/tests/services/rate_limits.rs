//! Rate limits: permissions to set them, and limits across several servers.

use std::sync::Arc;

use domain::{
    api_keys::{ApiKeyChanges, NewApiKey},
    permissions::Role,
    rate_limits::RateLimits,
};
use patience::wait_until;
use sea_orm::ConnectionTrait;
use services::{
    Actor, ServiceError, Services,
    api_keys::{self, directory::KeyVerification},
    rate_limits::{self, KeyLimits, LimitSubject, LimitedCall, RateLimiter},
};
use uuid::Uuid;

use crate::support::{TestClock, TestDatabase, World, field_error, new_key};

fn limits(calls: impl Into<Option<u32>>, tokens: impl Into<Option<u32>>) -> RateLimits {
    RateLimits { calls_per_minute: calls.into(), tokens_per_minute: tokens.into() }
}

fn limited(calls: impl Into<Option<u32>>, tokens: impl Into<Option<u32>>) -> LimitedCall {
    LimitedCall { subject: LimitSubject::ApiKey, id: Uuid::from_u128(7), limits: limits(calls, tokens) }
}

/// PostgreSQL only: on SQLite servers exchange nothing.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_on_its_way_to_other_servers_is_not_taken_for_told_on_postgres() {
    let world = World::new(TestDatabase::postgres().await).await;
    let (one, other) = (RateLimiter::start(&world.services), RateLimiter::start(&world.services));
    let subjects = [limited(10, None)];
    let now = world.services.now();
    let blocked = world.services.database().begin().await.unwrap();
    blocked.execute_unprepared("LOCK TABLE rate_windows IN EXCLUSIVE MODE").await.unwrap();
    drop(one.admit(now, &subjects, 0).unwrap());
    // The periodic exchange has already taken the new counts.
    let waiting = "pg_locks WHERE relation = 'rate_windows'::regclass AND NOT granted \
                   AND database = (SELECT oid FROM pg_database WHERE datname = current_database())";
    wait_until("it waits for the table", async || world.count(waiting).await == 1).await;
    let remaining = async {
        one.exchange(&world.services).await.unwrap();
        other.exchange(&world.services).await.unwrap();
        other.status(now, &subjects).0.unwrap().remaining
    };
    let release = async {
        // Reads aren't blocked: an exchange that only read would be over by now.
        for _ in 0..50 {
            world.count("rate_windows").await;
        }
        blocked.rollback().await.unwrap();
    };
    assert_eq!(tokio::join!(remaining, release).0, 9);
    world.end().await;
}

/// A server whose clock is an hour ahead or behind publishes its calls; they count for the minute in which
/// they were made.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_with_another_clock_neither_fills_others_windows_nor_is_passed_over_on_postgres() {
    let world = World::new(TestDatabase::postgres().await).await;
    for (hours, id) in [(1, 11), (-1, 12)] {
        let other_clock = Arc::new(TestClock::default());
        other_clock.forward_millis(hours * 3_600_000);
        let others = Services::open(world.database.url(), other_clock.clone()).await.unwrap();
        let (here, there) = (RateLimiter::start(&world.services), RateLimiter::start(&others));
        let subjects = [LimitedCall { id: Uuid::from_u128(id), ..limited(10, None) }];
        let now = world.services.now();
        for _ in 0..4 {
            drop(there.admit(others.now(), &subjects, 0).unwrap());
        }
        drop(here.admit(now, &subjects, 0).unwrap());
        for (limiter, services) in [(&there, &others), (&here, &world.services), (&there, &others)] {
            limiter.exchange(services).await.unwrap();
        }
        let remaining = |limiter: &RateLimiter, now| limiter.status(now, &subjects).0.unwrap().remaining;
        assert_eq!((remaining(&here, now), remaining(&there, others.now())), (5, 5), "{hours} h");
        // A minute later both windows are empty.
        world.clock.forward_millis(62_000);
        other_clock.forward_millis(62_000);
        here.exchange(&world.services).await.unwrap();
        there.exchange(&others).await.unwrap();
        let now = world.services.now();
        assert_eq!((remaining(&here, now), remaining(&there, others.now())), (10, 10), "{hours} h");
        drop((here, there));
        others.database().clone().close().await.unwrap();
    }
    world.end().await;
}

on_both_databases! {
    async fn what_a_call_takes_is_added_once_it_is_known(world: &World) {
        let limiter = RateLimiter::start(&world.services);
        let subjects = [limited(10, 1_000)];
        let now = world.services.now();
        let remaining = |now| {
            let (calls, tokens) = limiter.status(now, &subjects);
            (calls.unwrap().remaining, tokens.unwrap().remaining)
        };
        let mut first = limiter.admit(now, &subjects, 0).unwrap();
        assert_eq!(remaining(now), (9, 1_000));
        // The request's body takes a while to arrive.
        world.clock.forward_millis(30_000);
        let later = world.services.now();
        first.weigh(later, 900).unwrap();
        assert_eq!(remaining(later), (9, 100));
        let mut second = limiter.admit(later, &subjects, 0).unwrap();
        assert_eq!(second.weigh(later, 200).unwrap_err().unit, "tokens");
        assert_eq!(remaining(later), (8, 100));
        second.cancel();
        assert_eq!(remaining(later), (9, 100));
        first.cancel();
        assert_eq!(remaining(later), (10, 1_000));
    }

    async fn a_key_is_known_with_all_its_limits_wherever_they_are_set(world: &World) {
        let admin = world.organization("Acme", "UTC").await;
        let project = world.default_project(&admin).await;
        let directory = world.directory().await;
        let request = NewApiKey { rate_limits: limits(60, None), ..new_key(project, "web") };
        let (key, secret) = world.secret(&admin, request).await;
        assert_eq!(key.rate_limits, limits(60, None));
        rate_limits::set(&world.services, &admin, Some(project), limits(600, 1_000)).await.unwrap();
        rate_limits::set(&world.services, &admin, None, limits(None, 9_000)).await.unwrap();
        let expected = KeyLimits { api_key: limits(60, None), project: limits(600, 1_000), organization: limits(None, 9_000), ..KeyLimits::default() };
        let KeyVerification::Active(record) = directory.verify(&secret).await.unwrap() else { panic!() };
        assert_eq!(record.limits.as_deref(), Some(&expected));
        assert_eq!(rate_limits::get(&world.services, &admin, Some(project)).await.unwrap(), limits(600, 1_000));

        let changes = ApiKeyChanges { rate_limits: Some(RateLimits::NONE), ..ApiKeyChanges::default() };
        assert_eq!(api_keys::edit(&world.services, &admin, key.id, changes).await.unwrap().rate_limits, RateLimits::NONE);
        rate_limits::set(&world.services, &admin, Some(project), RateLimits::NONE).await.unwrap();
        rate_limits::set(&world.services, &admin, None, RateLimits::NONE).await.unwrap();
        // Setting unchanged limits leaves no audit entry.
        let entries = world.count("audit_entries").await;
        rate_limits::set(&world.services, &admin, None, RateLimits::NONE).await.unwrap();
        assert_eq!(world.count("audit_entries").await, entries);
        wait_until("the directory hears that there are no limits any more", async || {
            let KeyVerification::Active(record) = directory.verify(&secret).await.unwrap() else { panic!() };
            record.limits.is_none()
        })
        .await;
    }

    async fn all_limits_are_listed_with_what_is_configured(world: &World) {
        let admin = world.organization("Acme", "UTC").await;
        let other = world.organization("Other", "UTC").await;
        let (web, batch) = (world.project(&admin, "Web").await, world.project(&admin, "Batch").await);
        let entries = world.count("audit_entries").await;
        rate_limits::set(&world.services, &admin, Some(web.id), limits(600, None)).await.unwrap();
        assert_eq!(world.count("audit_entries").await, entries + 1);
        rate_limits::set(&world.services, &other, None, limits(1, 1)).await.unwrap();
        let configured = KeyLimits { project: limits(None, 5_000), organization: limits(9_000, None), ..KeyLimits::default() };
        let listed = rate_limits::list(&world.services, &admin, configured).await.unwrap();
        assert_eq!((&listed[0].project, listed[0].limits, listed[0].configured), (&None, RateLimits::NONE, limits(9_000, None)));
        let position = |id| listed.iter().position(|of| of.project.as_ref().is_some_and(|project| project.id == id)).unwrap();
        let shared = &listed[position(web.id)];
        assert_eq!((shared.limits, shared.configured), (limits(600, None), limits(None, 5_000)));
        assert!(position(batch.id) < position(web.id), "by name");
        assert_eq!(listed.len(), 4, "the organization, its first project and these two");
        for role in [Role::Viewer, Role::Developer] {
            let member = world.member(&admin.organization, role.name(), role).await;
            let refused = rate_limits::list(&world.services, &member, configured).await;
            assert!(matches!(refused, Err(ServiceError::Forbidden(_))));
        }
    }

    async fn who_signed_up_cant_go_beyond_what_strangers_may(world: &World) {
        let calls = services::Quotas::default().calls_per_minute;
        let first = world.sign_up("Mira", "Acme").await;
        let first = world.actor_of(&first).await;
        rate_limits::set(&world.services, &first, None, limits(calls + 1, None)).await.unwrap();
        let second = world.sign_up("Eve", "Other").await;
        let second = world.actor_of(&second).await;
        let configured = KeyLimits { organization: limits(1_000_000, 7), ..KeyLimits::default() };
        let listed = rate_limits::list(&world.services, &second, configured).await.unwrap();
        assert_eq!(listed[0].configured, limits(calls, 7));
        let beyond = rate_limits::set(&world.services, &second, None, limits(calls + 1, None)).await;
        field_error(beyond, "calls_per_minute");
        rate_limits::set(&world.services, &second, None, limits(None, 9)).await.unwrap();
        let project = world.default_project(&second).await;
        let (_, secret) = world.secret(&second, new_key(project, "web")).await;
        let directory = world.directory().await;
        let effective = async || {
            let KeyVerification::Active(record) = directory.verify(&secret).await.unwrap() else { panic!() };
            record.limits.as_deref().copied().unwrap_or_default().or(configured).organization
        };
        assert_eq!(effective().await, limits(calls, 9));
        // A limit set by the operator becomes the organization's ceiling.
        let operator = Actor { kind: services::ActorKind::Operator(services::OperatorSource::CommandLine), ..second.clone() };
        rate_limits::set(&world.services, &operator, None, limits(calls * 2, None)).await.unwrap();
        wait_until("the gateway hears of it", async || effective().await == limits(calls * 2, 7)).await;
        let beyond = rate_limits::set(&world.services, &second, None, limits(calls * 2 + 1, None)).await;
        field_error(beyond, "calls_per_minute");
        rate_limits::set(&world.services, &operator, None, RateLimits::NONE).await.unwrap();
        rate_limits::set(&world.services, &second, None, limits(calls * 9, None)).await.unwrap();
    }

    async fn only_admins_set_limits_and_only_their_own(world: &World) {
        let admin = world.organization("Acme", "UTC").await;
        let other = world.organization("Other", "UTC").await;
        let project = world.default_project(&admin).await;
        let theirs = world.default_project(&other).await;
        let set = async |actor: &Actor, project| rate_limits::set(&world.services, actor, project, limits(1, 1)).await;
        for role in [Role::Viewer, Role::Developer] {
            let member = world.member(&admin.organization, role.name(), role).await;
            assert!(matches!(set(&member, None).await, Err(ServiceError::Forbidden(_))));
            assert!(matches!(set(&member, Some(project)).await, Err(ServiceError::Forbidden(_))));
        }
        assert!(matches!(set(&admin, Some(theirs)).await, Err(ServiceError::NotFound)));
        assert_eq!(rate_limits::get(&world.services, &other, Some(theirs)).await.unwrap(), RateLimits::NONE);
        let owner = world.member(&admin.organization, "Mira", Role::Owner).await;
        set(&owner, Some(project)).await.unwrap();
        field_error(rate_limits::set(&world.services, &admin, None, limits(0, None)).await, "calls_per_minute");
        field_error(
            api_keys::create(
                &world.services, &admin, NewApiKey { rate_limits: limits(1, 0), ..new_key(project, "web") },
            ).await,
            "tokens_per_minute",
        );
    }

    async fn no_more_calls_than_the_limit_come_through_in_any_minute(world: &World) {
        let limiter = RateLimiter::start(&world.services);
        let subjects = [limited(3, None)];
        let admit = || limiter.admit(world.services.now(), &subjects, 0);
        for _ in 0..3 {
            drop(admit().unwrap());
            world.clock.forward_millis(10_000);
        }
        let exceeded = admit().unwrap_err();
        assert_eq!((exceeded.unit, exceeded.limit), ("calls", 3));
        world.clock.forward_millis(i64::try_from(exceeded.retry_after_seconds - 1).unwrap() * 1_000 - 1);
        assert_eq!(admit().unwrap_err().retry_after_seconds, 2);
        world.clock.forward_millis(1_001);
        drop(admit().unwrap());
        assert!(admit().is_err());
        let (calls, tokens) = limiter.status(world.services.now(), &subjects);
        assert_eq!((calls.unwrap().remaining, calls.unwrap().limit, tokens), (0, 3, None));
    }

    async fn tokens_are_counted_as_they_were_used(world: &World) {
        let limiter = RateLimiter::start(&world.services);
        let subjects = [limited(None, 1_000)];
        let now = || world.services.now();
        let remaining = || limiter.status(now(), &subjects).1.unwrap().remaining;
        let first = limiter.admit(now(), &subjects, 400).unwrap();
        assert_eq!(remaining(), 600);
        first.settle(now(), 100);
        assert_eq!(remaining(), 900);
        let second = limiter.admit(now(), &subjects, 900).unwrap();
        assert_eq!(limiter.admit(now(), &subjects, 1).unwrap_err().unit, "tokens");
        second.cancel();
        assert_eq!(remaining(), 900);
        limiter.admit(now(), &subjects, 50).unwrap().settle(now(), 5_000);
        assert_eq!(remaining(), 0);
        world.clock.forward_millis(61_000);
        // A call that is alone in its minute is never too large.
        let large = limiter.admit(now(), &subjects, 1_000_000).unwrap();
        assert!(limiter.admit(now(), &subjects, 0).is_err());
        large.settle(now(), 900);
        assert_eq!(remaining(), 100);
    }

    async fn a_refused_call_counts_nowhere(world: &World) {
        let limiter = RateLimiter::start(&world.services);
        let project = LimitedCall { subject: LimitSubject::Project, id: Uuid::from_u128(8), ..limited(10, None) };
        let both = [project, limited(1, None)];
        let now = world.services.now();
        drop(limiter.admit(now, &both, 0).unwrap());
        for _ in 0..20 {
            assert_eq!(limiter.admit(now, &both, 0).unwrap_err().subject, LimitSubject::ApiKey);
        }
        assert_eq!(limiter.status(now, &[project]).0.unwrap().remaining, 9);
    }

    async fn servers_hear_of_each_other_where_they_share_a_database(world: &World) {
        let (one, other) = (RateLimiter::start(&world.services), RateLimiter::start(&world.services));
        let subjects = [limited(10, 1_000)];
        let now = world.services.now();
        for _ in 0..6 {
            one.admit(now, &subjects, 10).unwrap().settle(now, 100);
        }
        one.exchange(&world.services).await.unwrap();
        other.exchange(&world.services).await.unwrap();
        let (calls, tokens) = other.status(now, &subjects);
        let shared = world.services.database().is_postgres();
        assert_eq!(calls.unwrap().remaining, if shared { 4 } else { 10 });
        assert_eq!(tokens.unwrap().remaining, if shared { 400 } else { 1_000 });
        // Repeated exchanges change nothing, and each server counts its own calls once.
        for limiter in [&one, &other, &one, &other] {
            limiter.exchange(&world.services).await.unwrap();
        }
        let (calls, tokens) = one.status(now, &subjects);
        assert_eq!((calls.unwrap().remaining, tokens.unwrap().remaining), (4, 400));
        world.clock.forward_millis(61_000);
        let now = world.services.now();
        assert_eq!(other.status(now, &subjects).0.unwrap().remaining, 10);
        other.exchange(&world.services).await.unwrap();
        assert_eq!(other.status(now, &subjects).0.unwrap().remaining, 10);
    }
}
