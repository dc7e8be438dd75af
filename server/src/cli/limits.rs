//! Limits of organizations and projects: what `tollhouse org limits` and `tollhouse project limits` share.

use domain::{ids::ProjectId, rate_limits::RateLimits};
use services::{Actor, Services, rate_limits};

use super::{CliError, args::LimitEdits, output};

/// Shows them, changed where there is something to change.
pub(super) async fn run(
    services: &Services,
    actor: &Actor,
    project: Option<ProjectId>,
    edits: LimitEdits,
    json: bool,
) -> Result<(), CliError> {
    let mut limits = rate_limits::get(services, actor, project).await?;
    if !edits.is_none() {
        limits = edits.applied(limits);
        rate_limits::set(services, actor, project, limits).await?;
    }
    output::data(json, &limits, line)
}

fn line(limits: &RateLimits) -> String {
    let told = |limit: Option<u32>| limit.map_or("no limit".to_owned(), |limit| limit.to_string());
    let RateLimits { calls_per_minute, tokens_per_minute } = limits;
    format!("calls a minute: {}\ntokens a minute: {}", told(*calls_per_minute), told(*tokens_per_minute))
}
