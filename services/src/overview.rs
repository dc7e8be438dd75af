//! The page an organization's members see first.

use chrono::{Datelike, Months, NaiveDate};
use domain::{
    calls::{Call, CallQuery},
    overview::Overview,
    permissions::Permission,
    usage::{Group, Metric, Range, UsageQuery, View},
};

use crate::{Actor, ServiceResult, Services, api_keys, calls, projects, usage, zones};

/// How many calls are shown.
const LATEST_CALLS: u64 = 8;

/// The month's figures, recent usage and latest calls, as far as the asker may see them.
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
    // At once: the page waits for the slowest of them only.
    let (month, previous, recent, latest_calls, active_keys, ever_called) = tokio::try_join!(
        usage::total(services, organization, &scope, this_month.0, this_month.1),
        usage::total(services, organization, &scope, month_before.0, month_before.1),
        usage::report(services, actor, &recent),
        latest_calls(services, actor),
        api_keys::count_active(services, actor),
        calls::ever_called(services, actor, &scope),
    )?;
    let example_model = services.catalog.example();
    Ok(Overview { month, previous, recent, latest_calls, active_keys, ever_called, base_url, example_model })
}

/// None where the asker may not read Logs: they see the rest of the page.
async fn latest_calls(services: &Services, actor: &Actor) -> ServiceResult<Vec<Call>> {
    match actor.reach(Permission::ViewLogs) {
        Ok(_) => calls::newest(services, actor, &CallQuery::default(), LATEST_CALLS).await,
        Err(_) => Ok(Vec::new()),
    }
}

/// This month up to today and the same days of the month before, each with the day after its last. In a
/// shorter month those are all its days.
fn months(today: NaiveDate) -> ((NaiveDate, NaiveDate), (NaiveDate, NaiveDate)) {
    let first = today.with_day(1).unwrap_or(today);
    let before = first.checked_sub_months(Months::new(1)).unwrap_or(first);
    let tomorrow = today.succ_opt().unwrap_or(today);
    let same_days = before + tomorrow.signed_duration_since(first);
    ((first, tomorrow), (before, same_days.min(first)))
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
