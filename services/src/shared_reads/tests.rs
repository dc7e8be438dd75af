use std::sync::atomic::{AtomicU32, Ordering};

use chrono_tz::Tz;
use futures::future::join_all;
use tokio::task::yield_now;
use uuid::Uuid;

use super::*;
use crate::{Organization, ServiceError};

fn member(number: u128, role: Role) -> Actor {
    let organization = Organization {
        id: OrganizationId::new(Uuid::from_u128(1)),
        slug: String::new(),
        name: String::new(),
        time_zone: Tz::UTC,
    };
    let id = UserId::new(Uuid::from_u128(number));
    Actor { organization, kind: ActorKind::Member { id, name: String::new(), role, session: None }, ip: None }
}

/// The same member in another session.
fn in_session(actor: &Actor, number: u128) -> Actor {
    let mut actor = actor.clone();
    if let ActorKind::Member { session, .. } = &mut actor.kind {
        *session = Some(SessionId::new(Uuid::from_u128(number)));
    }
    actor
}

/// Counts how often something is read.
#[derive(Default)]
struct Source {
    reads: AtomicU32,
}

impl Source {
    /// Lets others ask meanwhile, and returns the number of reads that had begun with it.
    async fn read(&self) -> ServiceResult<u32> {
        let number = self.reads.fetch_add(1, Ordering::SeqCst) + 1;
        yield_now().await;
        Ok(number)
    }

    fn reads(&self) -> u32 {
        self.reads.load(Ordering::SeqCst)
    }
}

/// Asks in so many sessions that a read is shared.
async fn warm_up(shared: &SharedReads, actor: &Actor, source: &Source) {
    for number in 0..SHARED_FROM as u128 {
        shared.read(&in_session(actor, number), "report", &"month", source.read()).await.unwrap();
    }
}

#[tokio::test]
async fn requests_of_a_few_sessions_are_answered_each_by_its_own_read() {
    let (shared, source, owner) = (SharedReads::default(), Source::default(), member(1, Role::Owner));
    let sessions: Vec<Actor> = (1..SHARED_FROM as u128).map(|number| in_session(&owner, number)).collect();
    let requests = sessions.iter().cycle().take(100);
    join_all(requests.map(|actor| shared.read(actor, "report", &"month", source.read()))).await;
    assert_eq!(source.reads(), 100);
}

#[tokio::test]
async fn a_hundred_dashboards_share_reads_that_begin_after_they_asked() {
    let (shared, source, owner) = (SharedReads::default(), Source::default(), member(1, Role::Owner));
    let dashboard = async |number: u64| {
        let owner = in_session(&owner, number.into());
        for _ in 0..3 {
            for _ in 0..number {
                yield_now().await;
            }
            let begun_before = source.reads();
            let read = shared.read(&owner, "report", &"month", source.read()).await.unwrap();
            assert!(read > begun_before, "read {read} began before it was asked for");
        }
    };
    join_all((0..100).map(dashboard)).await;
    // The first few, and one in each pause.
    assert!(source.reads() < 100, "{}", source.reads());
}

#[tokio::test]
async fn only_equal_reads_of_equal_readers_are_shared() {
    let (shared, source) = (SharedReads::default(), Source::default());
    let owner = member(1, Role::Owner);
    warm_up(&shared, &owner, &source).await;
    let before = source.reads();
    let (other_owner, admin, developers) =
        (member(2, Role::Owner), member(3, Role::Admin), [4, 5].map(|number| member(number, Role::Developer)));
    let answers = tokio::join!(
        shared.read(&owner, "report", &"month", source.read()),
        shared.read(&other_owner, "report", &"month", source.read()),
        shared.read(&owner, "report", &"year", source.read()),
        shared.read(&owner, "facets", &"month", source.read()),
        shared.read(&admin, "report", &"month", source.read()),
        shared.read(&developers[0], "report", &"month", source.read()),
        shared.read(&developers[1], "report", &"month", source.read()),
    );
    assert_eq!(answers.0.unwrap(), answers.1.unwrap());
    assert_eq!(source.reads() - before, 6);
}

#[tokio::test]
async fn developers_dont_share_with_each_other() {
    let (shared, source) = (SharedReads::default(), Source::default());
    let developers = [4, 5].map(|number| member(number, Role::Developer));
    for developer in &developers {
        warm_up(&shared, developer, &source).await;
    }
    let [first, second] = [0, 1].map(|index| shared.read(&developers[index], "report", &"month", source.read()));
    let (first, second) = tokio::join!(first, second);
    assert_ne!(first.unwrap(), second.unwrap());
}

#[tokio::test]
async fn errors_are_everyones_own_and_who_leaves_is_replaced() {
    let (shared, source, owner) = (SharedReads::default(), Source::default(), member(1, Role::Owner));
    warm_up(&shared, &owner, &source).await;
    let failing = async { Err::<u32, _>(ServiceError::NotFound) };
    let leaving = futures::future::pending::<ServiceResult<u32>>();
    let left = tokio::time::timeout(Duration::from_millis(400), shared.read(&owner, "report", &"month", leaving));
    let (left, failed, answered) = tokio::join!(
        left,
        shared.read(&owner, "report", &"month", failing),
        shared.read(&owner, "report", &"month", source.read()),
    );
    assert!(left.is_err());
    assert!(matches!(failed, Err(ServiceError::NotFound)));
    assert_eq!(answered.unwrap(), source.reads());
}
