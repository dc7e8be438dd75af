//! The jobs that make long files, and that delete them.

use std::time::Duration;

use app::addresses::{LogsAddress, Query, UsageAddress};
use domain::{
    errors::ApiError,
    exports::{ExportSource, NewExport},
    time::Timestamp,
};
use futures::TryStreamExt;
use services::{
    Actor, Organization, ServiceResult, Services,
    exports::{self, ExportFolder, ExportRun, WriteOutcome},
    jobs::{Job, JobFailure, JobHandler, JobPolicy},
    usage::fixed_range,
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
    let query = fixed_query(&actor.organization, &new, run.started_at()).map_err(public)?;
    let mut parts = open(services, actor, (new.source, new.format), &query).await?.into_parts();
    while let Some(part) = parts.try_next().await.map_err(public)? {
        if run.write(&part.bytes, part.rows).await.map_err(public)? == WriteOutcome::Stopped {
            return Ok(());
        }
    }
    // It may have been canceled meanwhile, which is no failure either.
    let _ = run.finish().await.map_err(public)?;
    Ok(())
}

/// The query of an export, with the days that its range had when it was started: the job may run after midnight.
fn fixed_query(organization: &Organization, new: &NewExport, started_at: Timestamp) -> ServiceResult<String> {
    let query = Query::parse(&new.query);
    let query = match new.source {
        ExportSource::Calls => {
            let address = LogsAddress::parse(&new.query);
            let Some(range) = address.range else { return Ok(new.query.clone()) };
            query.with("range", Some(fixed_range(organization, range, address.time_zone.as_deref(), started_at)?))
        }
        ExportSource::Usage | ExportSource::Cost => {
            // A query that can't be used stays one.
            if !UsageAddress::invalid(&new.query).is_empty() {
                return Ok(new.query.clone());
            }
            let usage = UsageAddress::parse(&new.query).query;
            let range = fixed_range(organization, usage.range, usage.time_zone.as_deref(), started_at)?;
            // The default view depends on the length that a range may have.
            query.with("range", Some(range)).with("view", Some(usage.view().name()))
        }
    };
    Ok(query.append_to(""))
}

#[cfg(test)]
mod tests {
    use domain::{exports::FileFormat, ids::OrganizationId, usage::View};

    use super::*;

    #[test]
    fn a_range_keeps_the_days_of_the_start() {
        let organization = Organization {
            id: OrganizationId::new(uuid::Uuid::nil()),
            slug: "acme".to_owned(),
            name: "Acme".to_owned(),
            time_zone: "UTC".parse().unwrap(),
        };
        let started_at = "2026-11-17T23:59:00Z".parse().unwrap();
        let fixed = |source, query: &str| {
            let new = NewExport { source, format: FileFormat::Csv, query: query.to_owned() };
            fixed_query(&organization, &new, started_at).unwrap()
        };
        let today = LogsAddress::parse(&fixed(ExportSource::Calls, "range=today&model=a+b&columns=model"));
        assert_eq!(today, LogsAddress::parse("range=2026-11-17..2026-11-17&model=a+b"));
        assert!(fixed(ExportSource::Calls, "range=today&model=a+b&columns=model").contains("columns=model"));
        assert_eq!(fixed(ExportSource::Calls, "from=2026-11-01T00:00:00Z"), "from=2026-11-01T00:00:00Z");
        let usage = |query: &str| UsageAddress::parse(&fixed(ExportSource::Usage, query)).query;
        let month = usage("tz=Asia/Kathmandu");
        assert_eq!((month.range.to_string().as_str(), month.view()), ("2026-11-01..2026-11-18", View::Day));
        assert_eq!(usage("range=2026-11-01..2026-11-05").range.to_string(), "2026-11-01..2026-11-05");
        assert_eq!(fixed(ExportSource::Usage, "range=banana"), "range=banana");
    }
}
