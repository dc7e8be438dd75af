//! Which keys are listed, in which order.

use domain::api_keys::{KeyQuery, KeySort};
use sea_orm::{ConnectionTrait, DbBackend};
use uuid::Uuid;

use crate::{
    Organization, ServiceResult, Services,
    api_keys::queries::conditions::{LAST_USED, Selection},
    entities::series::ANY_OUTCOME,
    usage::{self, resolution::Resolution},
};

/// What each series of a key's days cost, in whole dollars and the rest, so that no sum leaves 64 bits.
const COSTS: &str = "LEFT JOIN series q ON q.organization_id = k.organization_id AND q.api_key_id = k.id \
     AND q.outcome = '{any}' LEFT JOIN \
     (SELECT r.series_id, sum(r.cost_nanos / 1000000000) AS dollars, sum(r.cost_nanos % 1000000000) AS nanos \
     FROM rollups r WHERE r.organization_id = $1 AND r.resolution = {day} AND r.bucket >= {from} \
     GROUP BY r.series_id) p ON p.series_id = q.id";

/// Which of the keys in order.
#[derive(Clone, Copy)]
pub(super) enum Part {
    All,
    /// So many from this one on, counted from 0.
    Page {
        from: u64,
        length: u64,
    },
}

/// The ids of a part of the keys, and how many keys there are in all.
pub(super) struct Found {
    pub(super) ids: Vec<Uuid>,
    pub(super) total: i64,
}

/// The ids of `keys` in the order that `query` asks for. Counted on the way: what `query` asks may be dear to find out.
///
/// What never happened or never will (a last use, an expiry) comes last either way; of equals the newest comes first.
pub(super) async fn find(
    services: &Services,
    organization: &Organization,
    mut keys: Selection,
    query: &KeyQuery,
    part: Part,
) -> ServiceResult<Found> {
    let all = keys.clone();
    let (costs, by_key) = match query.sort {
        KeySort::Spend => {
            let month = usage::days_of_month(organization, services.now())?;
            let from = keys.value(month.first().map_or(0, |day| day.millis()));
            let day = Resolution::Day.number().to_string();
            (COSTS.replace("{any}", ANY_OUTCOME).replace("{day}", &day).replace("{from}", &from), "GROUP BY k.id")
        }
        _ => (String::new(), ""),
    };
    let order = order(query, keys.backend());
    let limit = match part {
        Part::All => String::new(),
        Part::Page { from, length } => format!("LIMIT {length} OFFSET {from}"),
    };
    let statement = keys.statement(
        &format!("SELECT k.id, count(*) OVER () AS keys FROM api_keys k {costs}"),
        &format!("{by_key} ORDER BY {order}, k.id DESC {limit}"),
    );
    let rows = services.database.read().query_all_raw(statement).await?;
    let ids = rows.iter().map(|row| Ok(row.try_get("", "id")?)).collect::<ServiceResult<_>>()?;
    let total = match (rows.first(), part) {
        (Some(row), _) => row.try_get("", "keys")?,
        // A page after the last says nothing of those before.
        (None, Part::Page { from: 1.., .. }) => count(services, all).await?,
        (None, _) => 0,
    };
    Ok(Found { ids, total })
}

/// How many `keys` are.
pub(super) async fn count(services: &Services, keys: Selection) -> ServiceResult<i64> {
    let statement = keys.statement("SELECT count(*) AS keys FROM api_keys k", "");
    let row = services.database.read().query_one_raw(statement).await?;
    row.map_or(Ok(0), |row| Ok(row.try_get("", "keys")?))
}

fn order(query: &KeyQuery, backend: DbBackend) -> String {
    let (first, reversed) = (!query.reversed, query.reversed);
    let direction = |descending: bool| if descending { "DESC" } else { "ASC" };
    match query.sort {
        KeySort::Created => format!("k.created_at {}", direction(first)),
        KeySort::Name => {
            // Without a collation of its own PostgreSQL sorts and folds as its locale says: here both databases agree.
            let name = if backend == DbBackend::Postgres { "lower(k.name COLLATE \"C\")" } else { "lower(k.name)" };
            format!("{name} {}", direction(reversed))
        }
        KeySort::LastUsed => format!("{LAST_USED} {} NULLS LAST", direction(first)),
        // The next first, then those that have expired already.
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
