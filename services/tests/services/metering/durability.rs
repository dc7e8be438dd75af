//! Durability of recorded calls across crashes and outages.

use std::{path::Path, time::Duration};

use domain::calls::Outcome;
use patience::{can_finish_within, wait_until};
use sea_orm::ConnectionTrait;
use services::{Database, metering::JournalSettings};
use tempfile::TempDir;

use super::*;

/// Copies the files that a crash at this moment would leave, without locks.
fn crash(journal: &Path) -> TempDir {
    let left = tempfile::tempdir().unwrap();
    for folder in std::fs::read_dir(journal).unwrap().map(Result::unwrap) {
        let to = left.path().join(folder.file_name());
        std::fs::create_dir(&to).unwrap();
        for file in std::fs::read_dir(folder.path()).unwrap().map(Result::unwrap) {
            match std::fs::copy(file.path(), to.join(file.file_name())) {
                // It was just deleted, since it was no longer needed.
                Err(error) if error.kind() == std::io::ErrorKind::NotFound => {}
                copied => assert!(copied.is_ok(), "{copied:?}"),
            }
        }
    }
    left
}

/// Blocks writes of calls to the database until it is released, as another process could.
struct Blocked(services::DatabaseTransaction, Database);

impl Blocked {
    async fn new(world: &World) -> Self {
        let database = Database::open(world.database.url()).await.unwrap();
        let transaction = database.begin().await.unwrap();
        if database.is_postgres() {
            transaction.execute_unprepared("LOCK TABLE calls IN EXCLUSIVE MODE").await.unwrap();
        }
        Self(transaction, database)
    }

    async fn release(self) {
        self.0.rollback().await.unwrap();
        self.1.close().await.unwrap();
    }
}

fn files(folder: &Path) -> Vec<String> {
    let names = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap());
    let mut names: Vec<String> = names.collect();
    names.sort();
    names
}

async fn outcomes(world: &World, actor: &Actor) -> Vec<(Outcome, String)> {
    let pages = calls::export(&world.services, actor, &CallQuery::default()).await.unwrap();
    let pages: Vec<_> = pages.try_collect().await.unwrap();
    pages.into_iter().flatten().map(|call| (call.outcome, call.error_code)).collect()
}

on_both_databases! {
    async fn calls_go_on_while_the_database_takes_none_and_are_found_once_it_does(world: &World) {
        let (actor, key) = key(world).await;
        let meter = world.meter().await;
        let blocked = Blocked::new(world).await;
        let calls = various(&actor, &key, 200);
        let results = join_all(calls.into_iter().map(|call| meter.record(call))).await;
        assert!(results.iter().all(Result::is_ok));
        assert_eq!(stored(world).await[0], 0);
        let status = meter.status();
        assert_eq!((status.waiting_calls, status.refusing), (200, false));
        assert!(status.oldest_age.is_some() && status.journal_bytes > 50_000);
        // Once the database is known to be blocked, calls don't wait for it.
        wait_until("the database is known to take none", async || meter.status().oldest_age.unwrap() > Meter::DATABASE_TIMEOUT).await;
        let mut later = 0;
        let record = async || {
            meter.record(call(&actor, &key, "2026-11-17T12:00:00Z")).await.unwrap();
            later += 1;
        };
        assert!(can_finish_within(Meter::DATABASE_TIMEOUT, record).await, "each call waited for the database");
        blocked.release().await;
        assert_eq!(assert_reconciled(world).await[0], 200 + later);
        assert_eq!(meter.status().waiting_calls, 0);
    }

    async fn what_a_crash_leaves_behind_is_stored_once(world: &World) {
        let (actor, key) = key(world).await;
        let meter = world.meter().await;
        let before = various(&actor, &key, 30);
        for call in &before {
            meter.record(call.clone()).await.unwrap();
        }
        world.wait_until_stored().await;
        let blocked = Blocked::new(world).await;
        let later = various(&actor, &key, 40);
        assert!(join_all(later.iter().map(|call| meter.record(call.clone()))).await.iter().all(Result::is_ok));
        // One call is running when the server crashes.
        let under_way = call(&actor, &key, "2026-11-17T12:00:00Z");
        let open = meter.begin(&under_way).unwrap();
        let left = crash(world.journal.path());
        let again = crash(world.journal.path());
        blocked.release().await;
        // The "crashed" meter still runs here, so that both store the same calls.
        for left in [&left, &again] {
            let next = Meter::start(&world.services, JournalSettings::at(left.path())).await.unwrap();
            next.wait_until_stored().await;
            next.shutdown().await;
            assert!(files(left.path()).is_empty(), "{:?}", files(left.path()));
        }
        assert_eq!(assert_reconciled(world).await[0], 71);
        let interrupted = outcomes(world, &actor).await.into_iter().filter(|(outcome, _)| *outcome == Outcome::Interrupted);
        assert_eq!(interrupted.map(|(_, code)| code).collect::<Vec<_>>(), ["server_stopped"]);
        // The call was running all the time; the first stored record stays.
        meter.record(under_way).await.unwrap();
        drop(open);
        assert_eq!(assert_reconciled(world).await[0], 71);
    }

    async fn whoever_runs_takes_over_what_a_killed_process_left(world: &World) {
        let (actor, key) = key(world).await;
        // This meter runs all the time.
        let meter = world.meter().await;
        meter.wait_until_stored().await;
        let elsewhere = tempfile::tempdir().unwrap();
        let other = Meter::start(&world.services, JournalSettings::at(elsewhere.path())).await.unwrap();
        let blocked = Blocked::new(world).await;
        let calls = various(&actor, &key, 20);
        assert!(join_all(calls.iter().map(|call| other.record(call.clone()))).await.iter().all(Result::is_ok));
        let open = other.begin(&call(&actor, &key, "2026-11-17T12:00:00Z")).unwrap();
        let left = crash(elsewhere.path());
        blocked.release().await;
        drop(open);
        other.shutdown().await;
        world.execute("DELETE FROM calls").await;
        world.execute("DELETE FROM rollups").await;
        let [name] = files(left.path()).try_into().unwrap();
        std::fs::rename(left.path().join(&name), world.journal.path().join(&name)).unwrap();
        wait_until("they are in the database", async || stored(world).await[0] == 21).await;
        wait_until("their journal is gone", async || files(world.journal.path()).len() == 1).await;
        assert_eq!(assert_reconciled(world).await[0], 21);
        let interrupted = outcomes(world, &actor).await.into_iter().filter(|(outcome, _)| *outcome == Outcome::Interrupted);
        assert_eq!(interrupted.map(|(_, code)| code).collect::<Vec<_>>(), ["server_stopped"]);
        // The meter still records its own calls.
        meter.record(call(&actor, &key, "2026-11-17T13:00:00Z")).await.unwrap();
        assert_eq!(assert_reconciled(world).await[0], 22);
    }

    async fn a_journal_of_another_database_waits_for_its_own(world: &World) {
        let (actor, key) = key(world).await;
        let meter = world.meter().await;
        let elsewhere = tempfile::tempdir().unwrap();
        let other = Meter::start(&world.services, JournalSettings::at(elsewhere.path())).await.unwrap();
        let open = other.begin(&call(&actor, &key, "2026-11-17T12:00:00Z")).unwrap();
        let left = crash(elsewhere.path());
        drop(open);
        other.shutdown().await;
        world.execute("DELETE FROM calls").await;
        world.execute("DELETE FROM rollups").await;
        let [name] = files(left.path()).try_into().unwrap();
        let folder = world.journal.path().join(&name);
        std::fs::write(left.path().join(&name).join("installation"), uuid::Uuid::from_u128(7).to_string()).unwrap();
        std::fs::rename(left.path().join(&name), &folder).unwrap();
        // One of no database in particular is taken over meanwhile, so the other one was looked at.
        let own = world.journal.path().join("again");
        std::fs::create_dir(&own).unwrap();
        std::fs::copy(folder.join("000001.log"), own.join("000001.log")).unwrap();
        wait_until("the journal made by hand is gone", async || !own.exists()).await;
        assert_eq!(stored(world).await[0], 1);
        assert!(folder.join("000001.log").exists());
        meter.shutdown().await;
    }

    async fn a_journal_without_a_server_is_listed(world: &World) {
        let meter = world.meter().await;
        world.clock.forward_millis(6 * 60 * 1000);
        let [abandoned] = metering::abandoned_journals(&world.services).await.unwrap().try_into().unwrap();
        let folder = abandoned.folder.clone();
        assert!(folder.starts_with(world.journal.path().to_str().unwrap()), "{folder}");
        // Another server on the same machine starts, and the first one's folder is still there.
        let next = world.meter().await;
        assert_eq!(metering::abandoned_journals(&world.services).await.unwrap(), [abandoned]);
        meter.shutdown().await;
        assert_eq!(metering::abandoned_journals(&world.services).await.unwrap(), []);
        next.shutdown().await;
        assert_eq!(world.count("journals").await, 0);
    }

    async fn a_damaged_journal_costs_what_is_damaged_and_is_set_aside(world: &World) {
        let (actor, key) = key(world).await;
        let meter = world.meter().await;
        let blocked = Blocked::new(world).await;
        let calls = various(&actor, &key, 10);
        assert!(join_all(calls.iter().map(|call| meter.record(call.clone()))).await.iter().all(Result::is_ok));
        let left = crash(world.journal.path());
        drop(meter);
        blocked.release().await;
        world.wait_until_stored().await;
        world.execute("DELETE FROM calls").await;
        world.execute("DELETE FROM rollups").await;
        let segment = left.path().join(&files(left.path())[0]).join("000001.log");
        let mut bytes = std::fs::read(&segment).unwrap();
        let second = bytes.iter().position(|byte| *byte == b'\n').unwrap() + 1;
        bytes[second + 100..second + 120].fill(b'!');
        std::fs::write(&segment, bytes).unwrap();
        let next = Meter::start(&world.services, JournalSettings::at(left.path())).await.unwrap();
        next.wait_until_stored().await;
        assert_eq!(assert_reconciled(world).await[0], 9);
        assert_eq!(next.status().set_aside, 1);
        next.shutdown().await;
        assert_eq!(files(left.path()), ["set-aside"]);
    }

    async fn new_calls_are_refused_when_too_much_waits_and_old_ones_may_end(world: &World) {
        let (actor, key) = key(world).await;
        let few = JournalSettings { max_bytes: 100_000, ..JournalSettings::at(world.journal.path()) };
        let short = JournalSettings { max_age: Duration::from_millis(300), ..JournalSettings::at(world.journal.path()) };
        for (number, settings) in [few, short].into_iter().enumerate() {
            let meter = Meter::start(&world.services, settings).await.unwrap();
            meter.wait_until_stored().await;
            assert!(meter.status().oldest_age.is_none());
            let blocked = Blocked::new(world).await;
            let under_way = CallRecord { id: metering::new_call_id(world.services.now()), ..call(&actor, &key, "2026-11-17T12:00:00Z") };
            let open = meter.begin(&under_way).unwrap();
            let calls = various(&actor, &key, 200);
            assert!(join_all(calls.into_iter().map(|call| meter.record(call))).await.iter().all(Result::is_ok));
            wait_until("calls are refused", async || meter.status().refusing).await;
            let next = call(&actor, &key, "2026-11-17T12:00:00Z");
            assert!(matches!(meter.begin(&next), Err(ServiceError::Unavailable(_))));
            let refused = CallRecord { outcome: Outcome::Refused, ..next.clone() };
            assert!(matches!(meter.record(refused).await, Err(ServiceError::Unavailable(_))));
            meter.record(under_way).await.unwrap();
            drop(open);
            blocked.release().await;
            meter.wait_until_stored().await;
            assert!(number == 0 || !meter.status().refusing, "what is stored is no longer old");
            meter.shutdown().await;
        }
        assert_eq!(assert_reconciled(world).await[0], 402);
    }

    async fn files_go_when_all_in_them_is_stored_and_calls_under_way_are_carried_on(world: &World) {
        let (actor, key) = key(world).await;
        let settings = JournalSettings { segment_bytes: 20_000, ..JournalSettings::at(world.journal.path()) };
        let meter = Meter::start(&world.services, settings).await.unwrap();
        let under_way = call(&actor, &key, "2026-11-17T12:00:00Z");
        let open = meter.begin(&under_way).unwrap();
        for _ in 0..10 {
            let calls = various(&actor, &key, 100);
            assert!(join_all(calls.into_iter().map(|call| meter.record(call))).await.iter().all(Result::is_ok));
            meter.wait_until_stored().await;
        }
        wait_until("files that aren't needed any more are gone", async || meter.status().journal_bytes < 150_000).await;
        let folder = world.journal.path().join(&files(world.journal.path())[0]);
        assert!(!files(&folder).contains(&"000001.log".to_owned()), "{:?}", files(&folder));
        assert_eq!(meter.status().open_calls, 1);
        let left = crash(world.journal.path());
        drop(open);
        meter.shutdown().await;
        assert!(files(world.journal.path()).is_empty());
        let next = Meter::start(&world.services, JournalSettings::at(left.path())).await.unwrap();
        next.wait_until_stored().await;
        assert_eq!(assert_reconciled(world).await[0], 1_001);
    }

    async fn a_call_that_is_dropped_is_recorded_as_interrupted(world: &World) {
        let (actor, key) = key(world).await;
        let meter = world.meter().await;
        drop(meter.begin(&call(&actor, &key, "2026-11-17T12:00:00Z")).unwrap());
        let [(outcome, _)] = outcomes(world, &actor).await.try_into().unwrap();
        assert_eq!(outcome, Outcome::Interrupted);
        assert_eq!(assert_reconciled(world).await[5], 1);
        assert_eq!(meter.status().open_calls, 0);
    }

    async fn whoever_reads_sees_what_was_recorded_before(world: &World) {
        let (actor, key) = key(world).await;
        let meter = world.meter().await;
        for number in 1..=20 {
            meter.record(call(&actor, &key, "2026-11-17T12:00:00Z")).await.unwrap();
            assert_eq!(outcomes(world, &actor).await.len(), number);
        }
    }

    async fn a_call_that_the_database_refuses_is_set_aside(world: &World) {
        let (actor, key) = key(world).await;
        let meter = world.meter().await;
        let mut calls = various(&actor, &key, 20);
        // PostgreSQL can't store a text with a zero byte; SQLite can.
        calls[7].error_code = Cow::Borrowed("a\0b");
        assert!(join_all(calls.into_iter().map(|call| meter.record(call))).await.iter().all(Result::is_ok));
        let refused = u64::from(world.services.database().is_postgres());
        assert_eq!(assert_reconciled(world).await[0], 20 - i64::try_from(refused).unwrap());
        assert_eq!(meter.status().set_aside, refused);
        if refused == 1 {
            let log = std::fs::read_to_string(world.journal.path().join("set-aside/refused.log")).unwrap();
            assert!(log.contains("a\\u0000b"), "{log}");
        }
    }

    async fn a_journal_that_cant_be_written_is_told_at_once(world: &World) {
        let file = world.journal.path().join("a-file");
        std::fs::write(&file, "").unwrap();
        let error = Meter::start(&world.services, JournalSettings::at(file.join("journal"))).await.err().unwrap();
        assert!(error.to_string().contains("a-file/journal"), "{error}");
    }

    async fn a_full_disk_refuses_calls_and_recovers(world: &World) {
        let (actor, key) = key(world).await;
        let Some(disk) = SmallDisk::new() else { return };
        let meter = Meter::start(&world.services, JournalSettings { segment_bytes: 100_000, ..JournalSettings::at(disk.path()) }).await.unwrap();
        let under_way = call(&actor, &key, "2026-11-17T12:00:00Z");
        let open = meter.begin(&under_way).unwrap();
        let filler = disk.path().join("filler");
        // Other data takes the last free space.
        while std::io::Write::write(&mut std::fs::File::options().append(true).create(true).open(&filler).unwrap(), &[0; 4096]).is_ok_and(|n| n > 0) {}
        let mut refused = false;
        for _ in 0..600 {
            let next = CallRecord { id: metering::new_call_id(under_way.started_at), ..under_way.clone() };
            match meter.begin(&next) {
                Ok(open) => {
                    meter.record(next).await.unwrap();
                    drop(open);
                }
                Err(ServiceError::Unavailable(_)) => {
                    refused = true;
                    break;
                }
                Err(other) => panic!("{other:?}"),
            }
        }
        assert!(refused, "{:?}", meter.status());
        // An admitted call has space reserved for its end.
        meter.record(under_way.clone()).await.unwrap();
        drop(open);
        std::fs::remove_file(&filler).unwrap();
        wait_until("calls are taken again", async || !meter.status().refusing).await;
        drop(meter.begin(&CallRecord { id: metering::new_call_id(under_way.started_at), ..under_way }).unwrap());
        meter.wait_until_stored().await;
        let recorded = assert_reconciled(world).await[0];
        assert!(recorded >= 3, "{recorded}");
        meter.shutdown().await;
    }
}

/// A disk of a megabyte; mounting it takes root.
struct SmallDisk(TempDir);

impl SmallDisk {
    fn new() -> Option<Self> {
        let folder = tempfile::tempdir().unwrap();
        let mount = std::process::Command::new("mount")
            .args(["-t", "tmpfs", "-o", "size=1m", "tollhouse-test"])
            .arg(folder.path())
            .stderr(std::process::Stdio::null())
            .status();
        mount.is_ok_and(|status| status.success()).then_some(Self(folder))
    }

    fn path(&self) -> &Path {
        self.0.path()
    }
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        let _ = std::process::Command::new("umount").arg("-l").arg(self.0.path()).status();
    }
}
