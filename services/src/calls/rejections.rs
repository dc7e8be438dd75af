//! Counts rejected calls.

use domain::{
    calls::Outcome,
    ids::CallId,
    overview::{MAX_REJECTION_REASONS, RejectionReason, Rejections},
    permissions::Permission,
    usage::Filter,
};
use sea_orm::{ConnectionTrait, DbBackend};

use crate::{Actor, ServiceResult, Services, database::Bound, projects, usage::series_condition};

/// Counts the rejected calls of the last 24 hours that the actor may see, by reason; none for an actor who may see
/// no calls.
pub(crate) async fn count_rejections(services: &Services, actor: &Actor) -> ServiceResult<Rejections> {
    let since = services.now().plus_days(-1);
    let mut rejections = Rejections { since, ..Rejections::default() };
    if actor.reach(Permission::ViewLogs).is_err() {
        return Ok(rejections);
    }
    services.wait_until_stored().await;
    let database = services.database.read();
    let scope = projects::scope(database, actor, Permission::ViewLogs).await?;
    let mut bound = Bound::new(database.get_database_backend());
    let organization = bound.value(actor.organization.id.uuid());
    let first = bound.value(CallId::lower_bound(since).uuid());
    let condition = series_condition(&scope, &Filter::default(), &mut bound);
    let refused = Outcome::Refused;
    let of_organization = format!("s.organization_id = {organization} AND s.outcome = '{refused}' AND {condition}");
    let of_series = format!("c.organization_id = {organization} AND c.series_id = s.id AND c.id >= {first}");
    // Reads only rejected calls, by the index of each series. SQLite joins the tables in this order; with a plain
    // join, PostgreSQL may read all calls of the day.
    let from = match bound.backend() {
        DbBackend::Postgres => format!(
            "series s CROSS JOIN LATERAL (SELECT c.error_code, c.times FROM calls c WHERE {of_series} OFFSET 0) c \
             WHERE {of_organization}"
        ),
        _ => format!("series s CROSS JOIN calls c WHERE {of_organization} AND {of_series}"),
    };
    // PostgreSQL sums to `numeric`.
    let sql = format!(
        "SELECT c.error_code, CAST(sum(c.times) AS bigint) AS rejected, \
         CAST(sum(sum(c.times)) OVER () AS bigint) AS total FROM {from} \
         GROUP BY c.error_code ORDER BY rejected DESC, c.error_code LIMIT {MAX_REJECTION_REASONS}"
    );
    for row in database.query_all_raw(bound.statement(sql)).await? {
        rejections.calls = row.try_get("", "total")?;
        let reason = RejectionReason { code: row.try_get("", "error_code")?, calls: row.try_get("", "rejected")? };
        rejections.reasons.push(reason);
    }
    Ok(rejections)
}
