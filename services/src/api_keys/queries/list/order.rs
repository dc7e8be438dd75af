//! Finds the ids of keys in a query's order.

use domain::api_keys::{KeyQuery, KeySort};
use sea_orm::{ConnectionTrait, DbBackend};
use uuid::Uuid;

use crate::{
    Organization, ServiceResult, Services,
    api_keys::queries::conditions::{KeyConditions, LAST_USED},
    usage::{self, resolution::Resolution},
};

/// The cost of each series of a key's days, in whole dollars and the rest, so that no sum overflows.
const COSTS: &str = "LEFT JOIN series q ON q.organization_id = $1 AND q.api_key_id = k.id LEFT JOIN \
     (SELECT r.series_id, sum(r.cost_nanos / 1000000000) AS dollars, sum(r.cost_nanos % 1000000000) AS nanos \
     FROM rollups r WHERE r.organization_id = $1 AND r.resolution = {day} AND r.bucket >= {from} \
     GROUP BY r.series_id) p ON p.series_id = q.id";

/// A window of the ordered keys.
#[derive(Clone, Copy)]
pub(super) enum KeyWindow {
    All,
    /// `length` keys from the index `from` on.
    Page {
        from: u64,
        length: u64,
    },
}

/// The ids of a window of keys, and the number of all keys.
pub(super) struct OrderedKeys {
    pub(super) ids: Vec<Uuid>,
    pub(super) total: i64,
}

/// Finds the ids of `keys` in the order of `query`, and counts them in the same, possibly costly statement.
///
/// Missing last uses and expirations come last in either direction; of equals the newest comes first.
pub(super) async fn find(
    services: &Services,
    organization: &Organization,
    mut keys: KeyConditions,
    query: &KeyQuery,
    window: KeyWindow,
) -> ServiceResult<OrderedKeys> {
    let all = keys.clone();
    let (costs, by_key) = match query.sort {
        KeySort::Spend => {
            let month = usage::days_of_month(organization, services.now());
            let from = keys.value(month.first().map_or(0, |day| day.millis()));
            let day = Resolution::Day.number().to_string();
            (COSTS.replace("{day}", &day).replace("{from}", &from), "GROUP BY k.id")
        }
        _ => (String::new(), ""),
    };
    let order = order_by(query, keys.backend());
    let limit = match window {
        KeyWindow::All => String::new(),
        KeyWindow::Page { from, length } => format!("LIMIT {length} OFFSET {from}"),
    };
    let statement = keys.statement(
        &format!("SELECT k.id, count(*) OVER () AS keys FROM api_keys k {costs}"),
        &format!("{by_key} ORDER BY {order}, k.id DESC {limit}"),
    );
    let rows = services.database.read().query_all_raw(statement).await?;
    let ids = rows.iter().map(|row| Ok(row.try_get("", "id")?)).collect::<ServiceResult<_>>()?;
    let total = match (rows.first(), window) {
        (Some(row), _) => row.try_get("", "keys")?,
        // A page after the last has no row with the total.
        (None, KeyWindow::Page { from: 1.., .. }) => count(services, all).await?,
        (None, _) => 0,
    };
    Ok(OrderedKeys { ids, total })
}

/// Whether there is any of `keys`.
pub(super) async fn exists(services: &Services, keys: KeyConditions) -> ServiceResult<bool> {
    let statement = keys.statement("SELECT k.id FROM api_keys k", "LIMIT 1");
    Ok(services.database.read().query_one_raw(statement).await?.is_some())
}

/// Counts `keys`.
pub(super) async fn count(services: &Services, keys: KeyConditions) -> ServiceResult<i64> {
    let statement = keys.statement("SELECT count(*) AS keys FROM api_keys k", "");
    let row = services.database.read().query_one_raw(statement).await?;
    row.map_or(Ok(0), |row| Ok(row.try_get("", "keys")?))
}

fn order_by(query: &KeyQuery, backend: DbBackend) -> String {
    let (first, reversed) = (!query.reversed, query.reversed);
    let direction = |descending: bool| if descending { "DESC" } else { "ASC" };
    match query.sort {
        KeySort::Created => format!("k.created_at {}", direction(first)),
        KeySort::Name => {
            // By default PostgreSQL sorts and folds by its locale; with this collation both databases agree.
            let name = if backend == DbBackend::Postgres { "lower(k.name COLLATE \"C\")" } else { "lower(k.name)" };
            format!("{name} {}", direction(reversed))
        }
        KeySort::LastUsed => format!("{LAST_USED} {} NULLS LAST", direction(first)),
        // The next to expire first, then those that have expired.
        KeySort::Expires if first => {
            "CASE WHEN k.expires_at > $2 THEN 0 ELSE 1 END, k.expires_at ASC NULLS LAST".to_owned()
        }
        KeySort::Expires => "k.expires_at DESC NULLS LAST".to_owned(),
        KeySort::Spend => {
            let direction = direction(first);
            format!(
                "coalesce(sum(p.dollars) + sum(p.nanos) / 1000000000, 0) {direction}, \
                 coalesce(sum(p.nanos) % 1000000000, 0) {direction}"
            )
        }
    }
}
