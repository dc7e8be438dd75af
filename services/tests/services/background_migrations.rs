//! Background migrations: steps, kills, failures, indexes, and servers of older versions.

use std::sync::atomic::{AtomicBool, Ordering};

use domain::api_keys::{ApiKeyChanges, KeyQuery};
use patience::{wait_for, wait_until};
use sea_orm::{ConnectionTrait, DatabaseConnection, Statement};
use services::{
    Actor, DatabaseTransaction, ServiceError, ServiceResult, Services, api_keys,
    background_migrations::{
        self, BackgroundMigration, BackgroundState, BackgroundStatus, BackgroundWork, MigratedRows, RowMigration,
    },
};
use tokio::sync::Semaphore;

use crate::support::{StoredKey, World};

const NUMBERS: i64 = 25;
const STEP: i64 = 10;

/// Counts up `times` of each number.
struct CountUp {
    /// Whether each step but the first never ends.
    hangs: AtomicBool,
    /// Whether each step but the first fails.
    fails: AtomicBool,
    /// A permit for each step that has begun.
    begun: Semaphore,
}

#[async_trait::async_trait]
impl RowMigration for CountUp {
    async fn remaining(&self, database: &DatabaseConnection) -> ServiceResult<i64> {
        let sql = "SELECT count(*) AS n FROM numbers WHERE times = 0";
        let row = database.query_one_raw(Statement::from_string(database.get_database_backend(), sql)).await?;
        Ok(row.unwrap().try_get("", "n")?)
    }

    async fn step(&self, transaction: &DatabaseTransaction, cursor: Option<&str>) -> ServiceResult<MigratedRows> {
        let after: i64 = cursor.map_or(0, |cursor| cursor.parse().unwrap());
        let sql = format!("UPDATE numbers SET times = times + 1 WHERE n > {after} AND n <= {}", after + STEP);
        let count = transaction.execute_unprepared(&sql).await?.rows_affected().cast_signed();
        if after > 0 && self.fails.load(Ordering::Relaxed) {
            return Err(ServiceError::Internal("out of order".to_owned()));
        }
        self.begun.add_permits(1);
        if after > 0 && self.hangs.load(Ordering::Relaxed) {
            std::future::pending::<()>().await;
        }
        Ok(MigratedRows { count, cursor: (count == STEP).then(|| (after + STEP).to_string()) })
    }
}

/// The services with `work` as their background migrations, and `numbers` for them.
async fn counting(world: &World, work: &[(&'static str, &'static CountUp)]) -> Services {
    world.execute("CREATE TABLE numbers (n bigint PRIMARY KEY, times bigint)").await;
    for number in 1..=NUMBERS {
        world.execute(&format!("INSERT INTO numbers VALUES ({number}, 0)")).await;
    }
    let migration =
        |&(name, work): &(_, &'static CountUp)| BackgroundMigration { name, work: BackgroundWork::Rows(work) };
    let migrations: Vec<BackgroundMigration> = work.iter().map(migration).collect();
    world.services.clone().with_background_migrations(migrations.leak())
}

fn leaked() -> &'static CountUp {
    Box::leak(Box::new(CountUp {
        hangs: AtomicBool::new(false),
        fails: AtomicBool::new(false),
        begun: Semaphore::new(0),
    }))
}

/// How often each number was counted up: the least and the most.
async fn times(world: &World) -> (i64, i64) {
    let rows = world.rows("SELECT min(times) AS least, max(times) AS most FROM numbers").await;
    (rows[0].try_get("", "least").unwrap(), rows[0].try_get("", "most").unwrap())
}

async fn status(services: &Services) -> Vec<(String, &'static str, i64, Option<i64>)> {
    let status = background_migrations::status(services).await.unwrap();
    status.into_iter().map(|one| (one.name, one.state.name(), one.rows_done, one.rows_total)).collect()
}

async fn only(services: &Services) -> BackgroundStatus {
    let mut all = background_migrations::status(services).await.unwrap();
    assert_eq!(all.len(), 1);
    all.remove(0)
}

async fn search(world: &World, admin: &Actor, text: &str) -> i64 {
    let query = KeyQuery { search: text.to_owned(), ..KeyQuery::default() };
    api_keys::list(&world.services, admin, &query).await.unwrap().total
}

on_both_databases! {
    async fn rows_are_changed_in_steps_and_counted(world: &World) {
        let services = counting(world, &[("count_up", leaked())]).await;
        assert_eq!(status(&services).await, [("count_up".to_owned(), "waiting", 0, None)]);
        background_migrations::run(&services).await.unwrap();
        assert_eq!(status(&services).await, [("count_up".to_owned(), "done", NUMBERS, Some(NUMBERS))]);
        assert_eq!(only(&services).await.percent, 100);
        background_migrations::run(&services).await.unwrap();
        assert_eq!(times(world).await, (1, 1));
    }

    async fn a_killed_server_is_followed_by_another_where_it_was(world: &World) {
        let work = leaked();
        work.hangs.store(true, Ordering::Relaxed);
        let services = counting(world, &[("count_up", work)]).await;
        let killed = tokio::spawn({
            let services = services.clone();
            async move { background_migrations::run(&services).await }
        });
        wait_for("two steps have begun", work.begun.acquire_many(2)).await.unwrap().forget();
        let progress = only(&services).await;
        assert_eq!((progress.state, progress.rows_done, progress.percent), (BackgroundState::Running, STEP, 40));
        killed.abort();
        killed.await.unwrap_err();
        work.hangs.store(false, Ordering::Relaxed);
        // For a moment, nobody knows that it is gone.
        background_migrations::run(&services).await.unwrap();
        assert_eq!(only(&services).await.rows_done, STEP);
        world.clock.forward_minutes(1);
        background_migrations::run(&services).await.unwrap();
        assert_eq!(only(&services).await.state, BackgroundState::Done);
        assert_eq!(times(world).await, (1, 1), "no row twice");
    }

    async fn several_servers_change_each_row_once(world: &World) {
        let services = counting(world, &[("count_up", leaked())]).await;
        let runs = (0..3).map(|_| background_migrations::run(&services));
        futures::future::try_join_all(runs).await.unwrap();
        wait_until("it is done", async || {
            background_migrations::run(&services).await.unwrap();
            only(&services).await.state == BackgroundState::Done
        })
        .await;
        assert_eq!(times(world).await, (1, 1));
    }

    async fn a_failure_is_shown_and_tried_again_and_keeps_no_other_waiting(world: &World) {
        let (broken, sound) = (leaked(), leaked());
        broken.fails.store(true, Ordering::Relaxed);
        let services = counting(world, &[("broken", broken), ("sound", sound)]).await;
        for failures in 1..=2 {
            background_migrations::run(&services).await.unwrap();
            let [failed, other] = &background_migrations::status(&services).await.unwrap()[..] else { panic!() };
            // Its steps before are kept, so the other one finds no more than the rest.
            assert_eq!((failed.state, failed.rows_done, failed.failures), (BackgroundState::Failing, STEP, failures));
            assert_eq!(failed.error.as_deref(), Some("out of order"));
            assert_eq!(other.state, BackgroundState::Done);
            world.execute("UPDATE numbers SET times = 0 WHERE n > 10").await;
        }
        broken.fails.store(false, Ordering::Relaxed);
        background_migrations::run(&services).await.unwrap();
        let [mended, _] = &background_migrations::status(&services).await.unwrap()[..] else { panic!() };
        assert_eq!((mended.state, mended.error.as_deref(), mended.failures), (BackgroundState::Done, None, 2));
    }

    async fn an_index_that_was_cut_off_is_built_anew(world: &World) {
        let services = &world.services;
        background_migrations::run(services).await.unwrap();
        let states = status(services).await.into_iter().map(|(name, state, ..)| (name, state)).collect::<Vec<_>>();
        assert_eq!(states, ["fold_key_texts", "index_key_texts"].map(|name| (name.to_owned(), "done")));
        if !services.database().is_postgres() {
            return;
        }
        let is_valid = "SELECT indisvalid AS valid FROM pg_index WHERE indexrelid = 'api_keys_search'::regclass";
        let valid = async || world.rows(is_valid).await[0].try_get::<bool>("", "valid").unwrap();
        assert!(valid().await);
        world.execute("UPDATE pg_index SET indisvalid = false WHERE indexrelid = 'api_keys_search'::regclass").await;
        // While the killed server's session goes on, it is left to it.
        let session = services.database().begin().await.unwrap();
        session.execute_unprepared("SELECT pg_advisory_xact_lock(x'746f6c6c0005'::bigint)").await.unwrap();
        background_migrations::run(services).await.unwrap();
        assert!(!valid().await);
        session.rollback().await.unwrap();
        background_migrations::run(services).await.unwrap();
        assert!(valid().await);
        assert!(background_migrations::status(services).await.unwrap().iter().all(|one| one.state == BackgroundState::Done));
    }

    async fn keys_are_found_before_during_and_after_and_whatever_an_older_server_does(world: &World) {
        let services = &world.services;
        let admin = world.organization("Acme", "UTC").await;
        let other = world.organization("Umbrella", "UTC").await;
        let project = world.default_project(&admin).await;
        let now = services.now();
        // Stored as older servers store them, without folded texts.
        let keys: Vec<_> = (0..1_200).map(|number| StoredKey::new(&format!("Größe {number:04}"), project, now)).collect();
        world.store_keys(&admin.organization, &keys).await;
        world.store_keys(&other.organization, &[StoredKey::new("Größe", project, now)]).await;
        let created = world.key(&admin, project, "GRÖẞE of a new server").await;
        let unfolded = "SELECT id FROM api_keys WHERE search_text IS NULL";
        assert_eq!(world.rows(unfolded).await.len(), 1_201);
        assert_eq!(search(world, &admin, "größe").await, 1_201);
        background_migrations::run(services).await.unwrap();
        assert_eq!(world.rows(unfolded).await.len(), 0);
        assert_eq!(status(services).await[0], ("fold_key_texts".to_owned(), "done", 1_201, Some(1_201)));
        for text in ["größe", "GRÖSSE", "gr", "ẞe 0"] {
            assert_eq!(search(world, &admin, text).await, if text == "ẞe 0" { 1_000 } else { 1_201 }, "{text}");
        }
        assert_eq!((search(world, &other, "größe").await, search(world, &admin, "a new server").await), (1, 1));

        // An older server creates a key, and renames one.
        world.store_keys(&admin.organization, &[StoredKey::new("Late", project, now)]).await;
        world.execute("UPDATE api_keys SET name = 'Renamed' WHERE name = 'GRÖẞE of a new server'").await;
        assert_eq!(search(world, &admin, "late").await, 1);
        background_migrations::run(services).await.unwrap();
        assert_eq!((search(world, &admin, "renamed").await, search(world, &admin, "new server").await), (1, 0));
        assert_eq!(status(services).await[0].2, 1_203);
        let renamed = ApiKeyChanges { name: Some("Again".to_owned()), ..ApiKeyChanges::default() };
        api_keys::edit(services, &admin, created.id, renamed).await.unwrap();
        assert_eq!((search(world, &admin, "AGAIN").await, search(world, &admin, "renamed").await), (1, 0));
    }
}
