//! The overview, the first page of an organization's dashboard.

use domain::{
    calls::{Call, CallQuery},
    overview::{Attention, Overview},
    permissions::Permission,
};

use crate::{
    Actor, ServiceResult, Services, api_keys, calls, projects,
    usage::{self, UsageSummary},
};

/// Number of calls shown.
const LATEST_CALLS: u64 = 8;

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
    let (keys, rejections) =
        tokio::try_join!(api_keys::alerts(services, actor), calls::count_rejections(services, actor))?;
    Ok(Attention { keys, rejections })
}

/// Loads the latest calls; none for an actor who may not read Logs but sees the rest of the page.
async fn latest_calls(services: &Services, actor: &Actor) -> ServiceResult<Vec<Call>> {
    match actor.reach(Permission::ViewLogs) {
        Ok(_) => calls::newest(services, actor, &CallQuery::default(), LATEST_CALLS).await,
        Err(_) => Ok(Vec::new()),
    }
}
