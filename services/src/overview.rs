//! The overview, the first page of an organization's dashboard.

use domain::{
    calls::{Call, CallQuery},
    overview::{Attention, Overview},
    permissions::Permission,
    time::Timestamp,
};

use crate::{
    Actor, ServiceResult, Services, api_keys, calls, organizations, projects,
    usage::{self, UsageSummary},
};

/// Number of calls shown.
const LATEST_CALLS: u64 = 8;
/// Days before the first deletion of calls by default in which the page says so: all of those that an upgrade leaves.
const DELETION_NOTICE_DAYS: i64 = 31;

/// Loads the month's figures, recent usage and latest calls, as far as the actor may see them.
pub async fn get(services: &Services, actor: &Actor, base_url: String) -> ServiceResult<Overview> {
    let scope = projects::scope(services.database.read(), actor, Permission::ViewOverview).await?;
    // Concurrently, so that the page waits only for the slowest.
    let (usage, attention, latest_calls, active_keys) = tokio::try_join!(
        usage::summary(services, actor, &scope),
        attention(services, actor),
        latest_calls(services, actor),
        api_keys::count_active(services, actor),
    )?;
    let UsageSummary { month, previous, projection, recent, latencies, top_keys, top_projects } = usage;
    let example_model = services.catalog.example();
    Ok(Overview {
        month,
        previous,
        projection,
        ever_called: recent.ever_called,
        recent,
        latencies,
        top_keys,
        top_projects,
        attention,
        latest_calls,
        active_keys,
        base_url,
        example_model,
    })
}

/// Loads what the actor should look into. Who may not see keys or calls gets no alerts about them.
async fn attention(services: &Services, actor: &Actor) -> ServiceResult<Attention> {
    let (keys, rejections, call_deletion) = tokio::try_join!(
        api_keys::alerts(services, actor),
        calls::count_rejections(services, actor),
        call_deletion(services, actor)
    )?;
    Ok(Attention { keys, rejections, call_deletion })
}

/// The time from which old calls are deleted since nothing is chosen, for the last days before it, and for those who may choose.
async fn call_deletion(services: &Services, actor: &Actor) -> ServiceResult<Option<Timestamp>> {
    if actor.reach(Permission::ManageSettings).is_err() {
        return Ok(None);
    }
    let (now, settings) = (services.now(), organizations::settings(services, actor).await?);
    Ok(settings.call_retention.default_from.filter(|from| now < *from && *from <= now.plus_days(DELETION_NOTICE_DAYS)))
}

/// Loads the latest calls; none for an actor who may not read Logs but sees the rest of the page.
async fn latest_calls(services: &Services, actor: &Actor) -> ServiceResult<Vec<Call>> {
    match actor.reach(Permission::ViewLogs) {
        Ok(_) => calls::newest(services, actor, &CallQuery::default(), LATEST_CALLS).await,
        Err(_) => Ok(Vec::new()),
    }
}
