//! The overview, the first page of an organization's dashboard.

use domain::{
    calls::{Call, CallQuery},
    overview::{Attention, Overview},
    permissions::Permission,
    usage::{Comparison, Group, Metric, Range, UsageQuery, View},
};

use crate::{Actor, ServiceResult, Services, api_keys, calls, projects, usage};

/// Number of calls shown.
const LATEST_CALLS: u64 = 8;

/// Loads the month's figures, recent usage and latest calls, as far as the actor may see them.
pub async fn get(services: &Services, actor: &Actor, base_url: String) -> ServiceResult<Overview> {
    let scope = projects::scope(services.database.read(), actor, Permission::ViewOverview).await?;
    let month = UsageQuery {
        range: Range::MonthToDate,
        view: Some(View::Day),
        compare: Some(Comparison::LastMonth),
        ..UsageQuery::default()
    };
    let recent = UsageQuery {
        range: Range::Last30Days,
        view: Some(View::Day),
        group: Group::Model,
        metric: Metric::Spend,
        ..UsageQuery::default()
    };
    // Concurrently, so that the page waits only for the slowest.
    let (month, recent, attention, latest_calls, active_keys, ever_called) = tokio::try_join!(
        usage::report(services, actor, &month),
        usage::report(services, actor, &recent),
        attention(services, actor),
        latest_calls(services, actor),
        api_keys::count_active(services, actor),
        usage::ever_called(services, actor, &scope),
    )?;
    let example_model = services.catalog.example();
    let previous = month.compared.map(|compared| compared.total).unwrap_or_default();
    let month = month.total;
    Ok(Overview { month, previous, recent, attention, latest_calls, active_keys, ever_called, base_url, example_model })
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
