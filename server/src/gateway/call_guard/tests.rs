//! The guard, ended in each of its states in each way.

use std::{borrow::Cow, future::pending, panic::AssertUnwindSafe, sync::Arc};

use domain::{
    calls::{CallTags, Outcome},
    ids::{ApiKeyId, OrganizationId, SecretId},
    models::Service,
    money::{PriceParts, Quantities},
    rate_limits::RateLimits,
};
use futures::FutureExt;
use sea_orm::{ConnectionTrait, DbBackend, Statement};
use services::{
    Services, SystemClock,
    api_keys::directory::KeyDirectory,
    metering::{JournalSettings, new_call_id},
    rate_limits::{LimitSubject, LimitedCall, RateLimiter},
};
use tempfile::TempDir;
use uuid::Uuid;

use super::*;
use crate::gateway::running::RunningCalls;

const KEY: ApiKeyId = ApiKeyId::new(Uuid::from_u128(1));
const ESTIMATE: u32 = 100;
const USED: u32 = 30;
const LIMIT: u32 = 1_000;

/// How far a call came.
#[derive(Clone, Copy, Debug, Eq, PartialEq, PartialOrd)]
enum Stage {
    Registered,
    Paced,
    Weighed,
    Begun,
    Settled,
}

/// What ends a call.
#[derive(Clone, Copy, Debug)]
enum Ending {
    Dropped,
    /// Its task is aborted while it waits.
    Aborted,
    Panicked,
}

struct Scene {
    services: Services,
    meter: Meter,
    limiter: RateLimiter,
    running: RunningCalls,
    _folder: TempDir,
}

impl Scene {
    async fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let database = format!("sqlite://{}/tollhouse.db", folder.path().display());
        let services = Services::start(&database, Arc::new(SystemClock)).await.unwrap();
        let meter = Meter::start(&services, JournalSettings::at(folder.path().join("journal"))).await.unwrap();
        let limiter = RateLimiter::start(&services);
        let running = RunningCalls::start(&KeyDirectory::start(&services));
        Self { services, meter, limiter, running, _folder: folder }
    }

    fn limits() -> [LimitedCall; 1] {
        let limits = RateLimits { calls_per_minute: Some(LIMIT), tokens_per_minute: Some(LIMIT) };
        [LimitedCall { subject: LimitSubject::ApiKey, id: KEY.uuid(), limits }]
    }

    fn record(&self) -> CallRecord {
        let now = self.services.now();
        CallRecord {
            id: new_call_id(now),
            organization_id: OrganizationId::new(Uuid::from_u128(2)),
            time_zone: "UTC".parse().unwrap(),
            project_id: None,
            api_key_id: KEY,
            secret_id: SecretId::new(Uuid::from_u128(3)),
            member_id: None,
            started_at: now,
            model: Arc::from("gpt-x"),
            service: Service::Chat,
            endpoint: Cow::Borrowed("/v1/chat/completions"),
            provider: Arc::default(),
            status: 200,
            outcome: Outcome::Succeeded,
            streamed: false,
            times: 1,
            measured: CountSource::Reported,
            used: Quantities { tokens_in: i64::from(USED), ..Quantities::default() },
            cost: None,
            unpriced: PriceParts::NONE,
            price_id: None,
            duration_us: 1,
            first_byte_us: None,
            error_code: Cow::Borrowed(""),
            rejection: None,
            tags: CallTags::default(),
            client_request_id: None,
            attempts: Vec::new(),
            body_exclusion: None,
        }
    }

    /// Brings a call to a stage.
    async fn call_at(&self, stage: Stage) -> CallGuard {
        let call = self.record();
        let mut guard = CallGuard::new(self.running.enter(call.id, KEY, 1).unwrap());
        if stage >= Stage::Paced {
            guard.hold(Some(self.limiter.admit(self.services.now(), &Self::limits(), 0).unwrap()));
        }
        if stage >= Stage::Weighed {
            guard.weigh(self.services.now(), || u64::from(ESTIMATE)).unwrap();
        }
        if stage >= Stage::Begun {
            guard.begin(&self.meter, &call).unwrap();
        }
        if stage >= Stage::Settled {
            guard.settle(self.services.now(), call).await.unwrap();
        }
        guard
    }

    /// Calls and tokens that still count against the limits.
    fn counted(&self) -> [u32; 2] {
        let (calls, tokens) = self.limiter.status(self.services.now(), &Self::limits());
        [calls, tokens].map(|status| LIMIT - status.unwrap().remaining)
    }

    /// Outcomes of the stored calls.
    async fn outcomes(&self) -> Vec<String> {
        self.meter.wait_until_stored().await;
        let sql = "SELECT s.outcome FROM calls c JOIN series s \
                   ON s.organization_id = c.organization_id AND s.id = c.series_id ORDER BY c.id";
        let rows = self.services.database().read();
        let rows = rows.query_all_raw(Statement::from_string(DbBackend::Sqlite, sql)).await.unwrap();
        rows.iter().map(|row| row.try_get("", "outcome").unwrap()).collect()
    }
}

async fn end(ending: Ending, guard: CallGuard) {
    match ending {
        Ending::Dropped => drop(guard),
        Ending::Aborted => {
            let task = tokio::spawn(async move {
                let _guard = guard;
                pending::<()>().await;
            });
            tokio::task::yield_now().await;
            task.abort();
            assert!(task.await.unwrap_err().is_cancelled());
        }
        Ending::Panicked => {
            let work = async move {
                let _guard = guard;
                "no number".parse::<u8>().unwrap();
            };
            assert!(AssertUnwindSafe(work).catch_unwind().await.is_err());
        }
    }
}

#[tokio::test]
async fn a_call_is_settled_once_however_and_whenever_it_ends() {
    for stage in [Stage::Registered, Stage::Paced, Stage::Weighed, Stage::Begun, Stage::Settled] {
        for ending in [Ending::Dropped, Ending::Aborted, Ending::Panicked] {
            let scene = Scene::new().await;
            end(ending, scene.call_at(stage).await).await;
            let (outcomes, counted) = match stage {
                Stage::Registered | Stage::Paced | Stage::Weighed => (vec![], [0, 0]),
                Stage::Begun => (vec!["interrupted"], [1, ESTIMATE]),
                Stage::Settled => (vec!["succeeded"], [1, USED]),
            };
            assert_eq!(scene.outcomes().await, outcomes, "{stage:?} {ending:?}");
            assert_eq!(scene.counted(), counted, "{stage:?} {ending:?}");
            let next = scene.running.enter(scene.record().id, KEY, 1);
            assert!(next.is_some(), "{stage:?} {ending:?}: the key may make another call");
        }
    }
}

#[tokio::test]
async fn a_call_whose_task_ends_while_it_is_settled_is_recorded_as_it_was() {
    let scene = Scene::new().await;
    let call = scene.record();
    let mut guard = CallGuard::new(scene.running.enter(call.id, KEY, 1).unwrap());
    guard.begin(&scene.meter, &call).unwrap();
    let mut settling = Box::pin(guard.settle(scene.services.now(), call));
    let _ = (&mut settling).now_or_never();
    drop(settling);
    drop(guard);
    assert_eq!(scene.outcomes().await, ["succeeded"]);
}

#[tokio::test]
async fn a_call_is_settled_once_only() {
    let scene = Scene::new().await;
    let guard = scene.call_at(Stage::Settled).await;
    guard.settle(scene.services.now(), scene.record()).await.unwrap_err();
    drop(guard);
    assert_eq!((scene.outcomes().await.len(), scene.counted()), (1, [1, USED]));
}

#[tokio::test]
async fn a_call_that_is_refused_counts_nowhere() {
    let scene = Scene::new().await;
    let full = scene.limiter.admit(scene.services.now(), &Scene::limits(), u64::from(LIMIT)).unwrap();
    let mut heavy = CallGuard::new(scene.running.enter(scene.record().id, KEY, 1).unwrap());
    full.settle(scene.services.now(), u64::from(LIMIT) - 1);
    heavy.hold(Some(scene.limiter.admit(scene.services.now(), &Scene::limits(), 0).unwrap()));
    assert_eq!(scene.counted(), [2, LIMIT - 1]);
    assert_eq!(heavy.weigh(scene.services.now(), || u64::from(ESTIMATE)).unwrap_err().unit, "tokens");
    assert_eq!(scene.counted(), [1, LIMIT - 1]);
    drop(heavy);
    scene.meter.shutdown().await;
    let mut late = scene.call_at(Stage::Paced).await;
    late.begin(&scene.meter, &scene.record()).unwrap_err();
    assert_eq!(scene.counted(), [1, LIMIT - 1]);
}
