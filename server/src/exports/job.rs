//! The jobs that make long files, and that delete them.

use std::time::Duration;

use domain::errors::ApiError;
use futures::TryStreamExt;
use services::{
    Actor, Services,
    exports::{self, ExportFolder, ExportRun, WriteOutcome},
    jobs::{Job, JobFailure, JobHandler, JobPolicy},
};
use tokio::time::timeout;

use super::{open, public};

/// How often expired files are deleted. They can't be downloaded before either.
const CLEANUP_PERIOD: Duration = Duration::from_secs(60 * 60);
/// Time that a job keeps for itself, so that it can say that its file takes too long.
const TIMEOUT_MARGIN: Duration = Duration::from_secs(60);
/// The reason that a member reads for a file that takes too long.
const TOO_SLOW: &str = "The file takes too long. Choose a shorter range or a narrower filter.";
/// The reason that a member reads for a failure of the server, whose log has more.
const FAILED: &str = "Something went wrong on the server. Try again.";

/// The handlers of jobs for exports, whose files are in `folder` with SQLite.
pub(crate) fn handlers(folder: ExportFolder) -> [JobHandler; 2] {
    let cleaned = folder.clone();
    [
        JobHandler::new(exports::JOB_KIND, exports::policy(), move |services, job| {
            let folder = folder.clone();
            async move { run(&services, &folder, &job).await }
        }),
        JobHandler::new("export_cleanup", JobPolicy::periodic(CLEANUP_PERIOD), move |services, _| {
            let folder = cleaned.clone();
            async move { Ok(exports::delete_expired(&services, &folder).await?) }
        }),
    ]
}

/// Makes the file of an export. That the member may no longer have it isn't a failure of the job.
async fn run(services: &Services, folder: &ExportFolder, job: &Job) -> Result<(), JobFailure> {
    let Some((mut run, actor)) = ExportRun::begin(services, folder, job).await? else { return Ok(()) };
    let limit = exports::policy().timeout.saturating_sub(TIMEOUT_MARGIN);
    let written = timeout(limit, write(services, &actor, &mut run)).await;
    // Another attempt would take as long.
    let Ok(written) = written else { return Ok(run.fail(TOO_SLOW).await?) };
    let Err(error) = written else { return Ok(()) };
    let ApiError::Internal { reference } = error else {
        return Ok(run.fail(&error.to_string()).await?);
    };
    if job.attempt() >= exports::policy().max_attempts {
        run.fail(FAILED).await?;
    }
    Err(JobFailure::Retry(format!("reference {reference}")))
}

/// Writes the file, until it is complete or no longer wanted.
async fn write(services: &Services, actor: &Actor, run: &mut ExportRun) -> Result<(), ApiError> {
    let new = run.new_export().clone();
    let mut parts = open(services, actor, (new.source, new.format), &new.query).await?.into_parts();
    while let Some(part) = parts.try_next().await.map_err(public)? {
        if run.write(&part.bytes, part.rows).await.map_err(public)? == WriteOutcome::Stopped {
            return Ok(());
        }
    }
    // It may have been canceled meanwhile, which is no failure either.
    let _ = run.finish().await.map_err(public)?;
    Ok(())
}
