//! The overview, the first page of an organization's dashboard.

use chrono::{Datelike, Months, NaiveDate};
use domain::{
    calls::{Call, CallQuery},
    overview::{Attention, Overview},
    permissions::Permission,
    usage::{Group, Metric, Range, UsageQuery, View},
};

use crate::{Actor, ServiceResult, Services, api_keys, calls, projects, usage, zones};

/// Number of calls shown.
const LATEST_CALLS: u64 = 8;

/// Loads the month's figures, recent usage and latest calls, as far as the actor may see them.
pub async fn get(services: &Services, actor: &Actor, base_url: String) -> ServiceResult<Overview> {
    let scope = projects::scope(services.database.read(), actor, Permission::ViewOverview).await?;
    let organization = &actor.organization;
    let today = zones::date(services.now(), organization.time_zone);
    let (this_month, month_before) = months(today);
    let recent = UsageQuery {
        range: Range::Last30Days,
        view: Some(View::Day),
        group: Group::Model,
        metric: Metric::Spend,
        ..UsageQuery::default()
    };
    // Concurrently, so that the page waits only for the slowest.
    let (month, previous, recent, attention, latest_calls, active_keys, ever_called) = tokio::try_join!(
        usage::total(services, organization, &scope, this_month.0, this_month.1),
        usage::total(services, organization, &scope, month_before.0, month_before.1),
        usage::report(services, actor, &recent),
        attention(services, actor),
        latest_calls(services, actor),
        api_keys::count_active(services, actor),
        usage::ever_called(services, actor, &scope),
    )?;
    let example_model = services.catalog.example();
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

/// The first day and the day after the last of this month so far, and of the corresponding days of the month
/// before. A shorter month before is taken whole.
fn months(today: NaiveDate) -> ((NaiveDate, NaiveDate), (NaiveDate, NaiveDate)) {
    let first = today.with_day(1).unwrap_or(today);
    let before = first.checked_sub_months(Months::new(1)).unwrap_or(first);
    let tomorrow = today.succ_opt().unwrap_or(today);
    let end = before + tomorrow.signed_duration_since(first);
    ((first, tomorrow), (before, end.min(first)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_month_before_is_compared_up_to_the_same_day() {
        let day = |text: &str| text.parse::<NaiveDate>().unwrap();
        let (this, before) = months(day("2026-11-17"));
        assert_eq!(this, (day("2026-11-01"), day("2026-11-18")));
        assert_eq!(before, (day("2026-10-01"), day("2026-10-18")));
        let (_, before) = months(day("2026-03-31"));
        assert_eq!(before, (day("2026-02-01"), day("2026-03-01")));
    }
}
