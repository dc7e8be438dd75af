//! `tollhouse jobs`.

use domain::time::Timestamp;
use services::{
    Services,
    jobs::{self, JobCounts, JobFilter, StoredJob},
};

use super::{CliError, args::JobCommand, output};

pub(super) async fn run(services: &Services, command: Option<JobCommand>, json: bool) -> Result<(), CliError> {
    match command {
        None => output::data(json, &jobs::counts(services).await?, |counts| summary(counts)),
        Some(JobCommand::List { kind, state }) => {
            let jobs = jobs::list(services, &JobFilter { kind, state }).await?;
            output::data(json, &jobs, |jobs| jobs.iter().map(line).collect::<Vec<_>>().join("\n"))
        }
        Some(JobCommand::Replay { ids, kind }) => {
            let replayed = jobs::replay(services, &ids, kind.as_deref()).await?;
            if replayed == 0 {
                return Err(CliError::Refused("no dead job has this ID or is of this kind".to_owned()));
            }
            output::data(json, &serde_json::json!({ "replayed": replayed }), |_| {
                format!("{replayed} jobs will be retried")
            })
        }
    }
}

fn summary(counts: &[JobCounts]) -> String {
    if counts.is_empty() {
        return "No jobs are waiting, running or dead.".to_owned();
    }
    let line = |counts: &JobCounts| {
        let JobCounts { kind, waiting, running, dead, oldest_due_at } = counts;
        let due = oldest_due_at.map(|due_at| format!(" (next due {})", time(due_at))).unwrap_or_default();
        format!("{kind}: {waiting} waiting{due}, {running} running, {dead} dead")
    };
    counts.iter().map(line).collect::<Vec<_>>().join("\n")
}

fn line(job: &StoredJob) -> String {
    let error = job.error.as_deref().map(|error| format!("  {error}")).unwrap_or_default();
    let (state, due_at) = (job.state.name(), time(job.due_at));
    format!("{}  {}  {}  {state}  attempts {}  due {due_at}{error}", job.id, job.kind, job.cause, job.attempts)
}

/// The time in UTC, as RFC 3339 has it.
fn time(at: Timestamp) -> String {
    at.to_chrono().to_rfc3339_opts(chrono::SecondsFormat::Secs, true)
}
