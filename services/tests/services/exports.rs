//! Files that jobs make: for whom, how far they are, and how they end.

use std::sync::Arc;

use domain::{
    calls::{CallQuery, Outcome},
    exports::{Export, ExportSource, ExportState, FileFormat, NewExport},
    notifications::Notice,
    permissions::Role,
    usage::{Filter, Range},
};
use futures::TryStreamExt;
use patience::wait_until;
use services::{
    Actor, ServiceError, ServiceResult, Services,
    exports::{self, ExportFolder, ExportRun, WriteOutcome},
    jobs::{JobHandler, JobRunner},
    notifications,
};
use tempfile::TempDir;
use tokio::sync::Semaphore;

use crate::support::{TestCall, field_error};

/// Length of a line: a file of 3,000 has several chunks.
const LINE_BYTES: usize = 1_000;

fn new(source: ExportSource) -> NewExport {
    NewExport { source, format: FileFormat::Csv, query: "range=7d".to_owned() }
}

fn line(number: usize) -> Vec<u8> {
    let mut line = format!("{number},").into_bytes();
    line.resize(LINE_BYTES - 1, b'x');
    line.push(b'\n');
    line
}

fn content(lines: usize) -> Vec<u8> {
    (0..lines).flat_map(line).collect()
}

/// A folder for files, and jobs that write lines into them, one for each permit.
struct Files {
    data: TempDir,
    permits: Arc<Semaphore>,
    runner: JobRunner,
}

impl Files {
    fn start(services: &Services, lines: usize, permits: usize) -> Self {
        let data = tempfile::tempdir().unwrap();
        let permits = Arc::new(Semaphore::new(permits));
        let (folder, waiting) = (ExportFolder::new(data.path()), Arc::clone(&permits));
        let handler = JobHandler::new(exports::JOB_KIND, exports::policy(), move |services, job| {
            let (folder, permits) = (folder.clone(), Arc::clone(&waiting));
            async move {
                let Some((mut run, _)) = ExportRun::begin(&services, &folder, &job).await? else { return Ok(()) };
                for number in 0..lines {
                    permits.acquire().await.unwrap().forget();
                    if run.write(&line(number), 1).await? == WriteOutcome::Stopped {
                        return Ok(());
                    }
                }
                let _ = run.finish().await?;
                Ok(())
            }
        });
        Self { data, permits, runner: JobRunner::start(services, vec![handler]) }
    }

    fn folder(&self) -> ExportFolder {
        ExportFolder::new(self.data.path())
    }

    async fn download(&self, services: &Services, actor: &Actor, export: &Export) -> ServiceResult<Vec<u8>> {
        exports::open(services, &self.folder(), actor, export.id).await?.into_stream().try_concat().await
    }
}

/// The newest export of a member, as a page shows it.
async fn newest(services: &Services, actor: &Actor) -> Export {
    exports::list(services, actor, false).await.unwrap().remove(0)
}

async fn wait_for_state(services: &Services, actor: &Actor, state: ExportState) {
    wait_until("the export reaches its state", async || newest(services, actor).await.state == state).await;
}

on_both_databases! {
    async fn a_file_is_made_for_the_member_who_wants_it(world: &World) {
        let services = &world.services;
        let admin = world.organization("Acme", "UTC").await;
        let olga = world.member(&admin.organization, "Olga", Role::Owner).await;
        let ada = world.member(&admin.organization, "Ada", Role::Admin).await;
        let files = Files::start(services, 3_000, usize::MAX >> 4);
        let started = exports::start(services, &olga, &new(ExportSource::Calls), Some(4_000)).await.unwrap();
        assert_eq!((started.state, started.rows, started.expected_rows), (ExportState::Waiting, 0, Some(4_000)));
        wait_for_state(services, &olga, ExportState::Ready).await;
        let ready = newest(services, &olga).await;
        assert_eq!((ready.rows, ready.bytes), (3_000, (3_000 * LINE_BYTES) as u64));
        assert_eq!(ready.expires_at, Some(services.now().plus_days(1)));
        assert!(files.download(services, &olga, &ready).await.unwrap() == content(3_000));
        // Nobody else has it, not even an admin.
        assert!(exports::list(services, &ada, true).await.unwrap().is_empty());
        for other in [&ada, &world.organization("Other", "UTC").await] {
            let refused = files.download(services, other, &ready).await;
            assert!(matches!(refused, Err(ServiceError::NotFound | ServiceError::Forbidden(_))), "{refused:?}");
        }
        assert!(matches!(exports::cancel(services, &ada, ready.id).await, Err(ServiceError::NotFound)));
        // The page was still there.
        assert_eq!(notifications::unread(services, &olga).await.unwrap().count, 0);
        files.runner.shutdown().await;
    }

    async fn a_member_who_has_left_the_page_is_notified_once(world: &World) {
        let services = &world.services;
        let admin = world.organization("Acme", "UTC").await;
        let olga = world.member(&admin.organization, "Olga", Role::Owner).await;
        let vera = world.member(&admin.organization, "Vera", Role::Viewer).await;
        let files = Files::start(services, 2, 0);
        let started = exports::start(services, &olga, &new(ExportSource::Calls), None).await.unwrap();
        exports::start(services, &vera, &new(ExportSource::Usage), None).await.unwrap();
        // Whoever looks needn't be notified, for as long as they look.
        exports::list(services, &olga, true).await.unwrap();
        world.clock.forward_millis(20_000);
        files.permits.add_permits(4);
        for member in [&olga, &vera] {
            wait_for_state(services, member, ExportState::Ready).await;
        }
        let inbox = notifications::list(services, &olga, false, None).await.unwrap();
        let until = newest(services, &olga).await.expires_at.unwrap();
        let expected = Notice::ExportReady { export: started.id, source: ExportSource::Calls, rows: 2, until };
        assert_eq!(inbox.notifications.into_iter().map(|one| one.notice).collect::<Vec<_>>(), [expected]);
        // Viewers have no inbox.
        assert!(notifications::unread(services, &vera).await.is_err());
        files.runner.shutdown().await;
    }

    async fn an_export_that_is_canceled_stops_and_leaves_nothing(world: &World) {
        let services = &world.services;
        let admin = world.organization("Acme", "UTC").await;
        let olga = world.member(&admin.organization, "Olga", Role::Owner).await;
        let files = Files::start(services, 5_000, 1_500);
        let started = exports::start(services, &olga, &new(ExportSource::Calls), None).await.unwrap();
        wait_until("it is being written", async || files.permits.available_permits() == 0).await;
        assert!(matches!(files.download(services, &olga, &started).await, Err(ServiceError::NotFound)));
        let canceled = exports::cancel(services, &olga, started.id).await.unwrap();
        assert_eq!(canceled.state, ExportState::Canceled);
        files.permits.add_permits(5_000);
        files.runner.shutdown().await;
        assert_eq!(newest(services, &olga).await.state, ExportState::Canceled);
        assert_eq!((world.count("export_chunks").await, std::fs::read_dir(files.data.path()).unwrap().count()), (0, 0));
    }

    async fn an_attempt_that_has_lost_its_file_to_another_adds_nothing(world: &World) {
        let services = &world.services;
        let admin = world.organization("Acme", "UTC").await;
        let olga = world.member(&admin.organization, "Olga", Role::Owner).await;
        let files = Files::start(services, 2_000, 100);
        exports::start(services, &olga, &new(ExportSource::Calls), None).await.unwrap();
        wait_until("it is being written", async || files.permits.available_permits() == 0).await;
        world.execute("UPDATE exports SET attempt = attempt + 1").await;
        files.permits.add_permits(2_000);
        files.runner.shutdown().await;
        let export = newest(services, &olga).await;
        assert_eq!((export.state, export.bytes, world.count("export_chunks").await), (ExportState::Running, 0, 0));
    }

    async fn whoever_loses_a_project_loses_the_files_with_its_calls(world: &World) {
        let services = &world.services;
        let admin = world.organization("Acme", "UTC").await;
        let dora = world.member(&admin.organization, "Dora", Role::Developer).await;
        let project = world.default_project(&admin).await;
        world.assign(&admin, project, "Dora").await;
        let files = Files::start(services, 1, 1);
        let started = exports::start(services, &dora, &new(ExportSource::Calls), None).await.unwrap();
        wait_for_state(services, &dora, ExportState::Ready).await;
        assert_eq!(files.download(services, &dora, &started).await.unwrap(), content(1));
        world.execute("DELETE FROM project_members").await;
        let refused = files.download(services, &dora, &started).await;
        assert!(matches!(refused, Err(ServiceError::Forbidden(_))), "{refused:?}");
        files.runner.shutdown().await;
    }

    async fn a_file_is_given_out_by_the_projects_that_it_was_written_from(world: &World) {
        let services = &world.services;
        let admin = world.organization("Acme", "UTC").await;
        let dora = world.member(&admin.organization, "Dora", Role::Developer).await;
        let (first, second) = (world.default_project(&admin).await, world.project(&admin, "Second").await.id);
        world.assign(&admin, first, "Dora").await;
        let started = exports::start(services, &dora, &new(ExportSource::Calls), None).await.unwrap();
        // The job, which comes later, writes the calls of both.
        world.assign(&admin, second, "Dora").await;
        let files = Files::start(services, 1, 1);
        wait_for_state(services, &dora, ExportState::Ready).await;
        assert_eq!(files.download(services, &dora, &started).await.unwrap(), content(1));
        let of_second = "project_id IN (SELECT id FROM projects WHERE name = 'Second')";
        world.execute(&format!("DELETE FROM project_members WHERE {of_second}")).await;
        let refused = files.download(services, &dora, &started).await;
        assert!(matches!(refused, Err(ServiceError::Forbidden(_))), "{refused:?}");
        files.runner.shutdown().await;
    }

    async fn exports_are_for_members_with_the_permission_and_not_too_many(world: &World) {
        let services = &world.services;
        let admin = world.organization("Acme", "UTC").await;
        let vera = world.member(&admin.organization, "Vera", Role::Viewer).await;
        let olga = world.member(&admin.organization, "Olga", Role::Owner).await;
        let (program, _) = world.program(&admin, &[]).await;
        for actor in [&vera, &program, &admin] {
            let refused = exports::start(services, actor, &new(ExportSource::Calls), None).await;
            assert!(matches!(refused, Err(ServiceError::Forbidden(_))), "{refused:?}");
        }
        let lines = NewExport { format: FileFormat::JsonLines, ..new(ExportSource::Usage) };
        field_error(exports::start(services, &olga, &lines, None).await, "format");
        let mut started = 0;
        let refused = loop {
            match exports::start(services, &olga, &new(ExportSource::Usage), None).await {
                Ok(_) => started += 1,
                Err(error) => break error,
            }
        };
        assert!(started == 10 && matches!(refused, ServiceError::Conflict(_)), "{started}, {refused:?}");
        // Others have their own.
        let other = world.organization("Other", "UTC").await;
        let otto = world.member(&other.organization, "Otto", Role::Owner).await;
        exports::start(services, &otto, &new(ExportSource::Usage), None).await.unwrap();
    }

    async fn files_are_deleted_after_a_day(world: &World) {
        let services = &world.services;
        let admin = world.organization("Acme", "UTC").await;
        let olga = world.member(&admin.organization, "Olga", Role::Owner).await;
        let files = Files::start(services, 1_500, usize::MAX >> 4);
        let started = exports::start(services, &olga, &new(ExportSource::Calls), None).await.unwrap();
        wait_for_state(services, &olga, ExportState::Ready).await;
        files.runner.shutdown().await;
        let folder = ExportFolder::new(files.data.path());
        world.clock.forward_millis(23 * 60 * 60 * 1_000);
        exports::delete_expired(services, &folder).await.unwrap();
        let kept = exports::open(services, &folder, &olga, started.id).await.unwrap();
        assert!(kept.into_stream().try_concat().await.unwrap() == content(1_500));
        world.clock.forward_millis(2 * 60 * 60 * 1_000);
        let expired = exports::open(services, &folder, &olga, started.id).await;
        assert!(matches!(expired, Err(ServiceError::NotFound)));
        exports::delete_expired(services, &folder).await.unwrap();
        assert_eq!((world.count("exports").await, world.count("export_chunks").await), (0, 0));
        assert_eq!(std::fs::read_dir(files.data.path()).unwrap().count(), 0);
    }

    async fn a_file_that_is_canceled_counts_until_it_is_deleted(world: &World) {
        let services = &world.services;
        let admin = world.organization("Acme", "UTC").await;
        let olga = world.member(&admin.organization, "Olga", Role::Owner).await;
        let files = Files::start(services, 10, 10);
        let started = exports::start(services, &olga, &new(ExportSource::Calls), None).await.unwrap();
        wait_for_state(services, &olga, ExportState::Ready).await;
        files.runner.shutdown().await;
        // With PostgreSQL it is deleted at once.
        let left = if services.database().is_postgres() { 0 } else { (10 * LINE_BYTES) as u64 };
        for _ in 0..2 {
            let canceled = exports::cancel(services, &olga, started.id).await.unwrap();
            assert_eq!((canceled.state, canceled.bytes), (ExportState::Canceled, left));
        }
        exports::delete_expired(services, &ExportFolder::new(files.data.path())).await.unwrap();
        assert_eq!(newest(services, &olga).await.bytes, 0);
        assert_eq!((world.count("export_chunks").await, std::fs::read_dir(files.data.path()).unwrap().count()), (0, 0));
    }

    async fn a_file_that_can_not_be_created_ends_its_export_at_the_last_attempt(world: &World) {
        let services = &world.services;
        if services.database().is_postgres() {
            return;
        }
        let admin = world.organization("Acme", "UTC").await;
        let olga = world.member(&admin.organization, "Olga", Role::Owner).await;
        exports::start(services, &olga, &new(ExportSource::Calls), None).await.unwrap();
        world.execute("UPDATE jobs SET attempts = 2 WHERE kind = 'export'").await;
        // A file is where the folder should be.
        let file = tempfile::NamedTempFile::new().unwrap();
        let folder = ExportFolder::new(file.path());
        let handler = JobHandler::new(exports::JOB_KIND, exports::policy(), move |services, job| {
            let folder = folder.clone();
            async move {
                assert!(ExportRun::begin(&services, &folder, &job).await?.is_none(), "there is a folder");
                Ok(())
            }
        });
        let runner = JobRunner::start(services, vec![handler]);
        wait_for_state(services, &olga, ExportState::Failed).await;
        runner.shutdown().await;
        assert!(newest(services, &olga).await.error.contains("couldn't create the file"));
    }

    async fn an_export_whose_job_was_given_up_fails(world: &World) {
        let services = &world.services;
        let admin = world.organization("Acme", "UTC").await;
        let olga = world.member(&admin.organization, "Olga", Role::Owner).await;
        exports::start(services, &olga, &new(ExportSource::Calls), None).await.unwrap();
        let data = tempfile::tempdir().unwrap();
        let clean = async || exports::delete_expired(services, &ExportFolder::new(data.path())).await.unwrap();
        clean().await;
        assert_eq!(newest(services, &olga).await.state, ExportState::Waiting);
        world.execute("UPDATE jobs SET state = 3, finished_at = created_at WHERE kind = 'export'").await;
        clean().await;
        let failed = newest(services, &olga).await;
        assert!(failed.state == ExportState::Failed && !failed.error.is_empty(), "{failed:?}");
    }

    async fn calls_are_counted_before_they_are_exported(world: &World) {
        let services = &world.services;
        let admin = world.organization("Acme", "UTC").await;
        let project = world.default_project(&admin).await;
        let key = world.key(&admin, project, "web").await;
        let at = |minutes: i64| TestCall::at_moment(services.now().plus_minutes(-minutes));
        let calls = [at(1), at(2).model("gpt-y"), at(3).outcome(Outcome::Refused), at(60 * 24 * 60)];
        world.calls(&admin.organization, &key, &calls).await;
        let count = async |query: CallQuery| exports::count_calls(services, &admin, &query).await.unwrap();
        assert_eq!(count(CallQuery::default()).await, Some(4));
        let range = Some(Range::Last7Days);
        assert_eq!(count(CallQuery { range, ..CallQuery::default() }).await, Some(3));
        let filter = Filter { models: vec!["gpt-y".to_owned()], ..Filter::default() };
        assert_eq!(count(CallQuery { range, filter, ..CallQuery::default() }).await, Some(1));
        let from = Some(services.now().plus_minutes(-30));
        assert_eq!(count(CallQuery { from, ..CallQuery::default() }).await, Some(3));
    }
}
