//! Rate limits of organizations and projects, for `tollhouse org limits` and `tollhouse project limits`.

use domain::{ids::ProjectId, rate_limits::RateLimits};
use services::{Actor, Services, rate_limits};

use super::{CliError, args::LimitEdits, output};

/// Applies changes, if there are any, and shows the limits.
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
    let text = |limit: Option<u32>| limit.map_or("no limit".to_owned(), |limit| limit.to_string());
    let RateLimits { calls_per_minute, tokens_per_minute } = limits;
    format!("requests per minute: {}\ntokens per minute: {}", text(*calls_per_minute), text(*tokens_per_minute))
}
