//! In which order keys are listed.

use domain::api_keys::{KeyQuery, KeySort};
use sea_orm::{ConnectionTrait, DbBackend};
use uuid::Uuid;

use crate::{
    Organization, ServiceResult, Services,
    api_keys::selection::{LAST_USED, Selection},
    usage::{self, resolution::Resolution},
};

/// Adds up what each key spent, in whole dollars and the rest, so that no sum leaves 64 bits.
const SPEND: &str = "LEFT JOIN (SELECT q.api_key_id, sum(p.dollars) AS dollars, sum(p.nanos) AS nanos FROM \
     (SELECT r.series_id, sum(r.cost_nanos / 1000000000) AS dollars, sum(r.cost_nanos % 1000000000) AS nanos \
     FROM rollups r WHERE r.organization_id = $1 AND r.resolution = {day} AND r.bucket >= {from} \
     GROUP BY r.series_id) p \
     JOIN series q ON q.organization_id = $1 AND q.id = p.series_id GROUP BY q.api_key_id) spent \
     ON spent.api_key_id = k.id";

/// Which of the ids in order.
#[derive(Clone, Copy)]
pub(super) enum Part {
    All,
    /// So many from this one on, counted from 0.
    Page {
        from: u64,
        length: u64,
    },
}

/// The ids of `keys` in the order that `query` asks for.
///
/// What never happened or never will (a last use, an expiry) comes last either way; of equals the newest comes first.
pub(super) async fn ids(
    services: &Services,
    organization: &Organization,
    mut keys: Selection,
    query: &KeyQuery,
    part: Part,
) -> ServiceResult<Vec<Uuid>> {
    let spend = match query.sort {
        KeySort::Spend => {
            let month = usage::days_of_month(organization, services.now())?;
            let from = keys.value(month.first().map_or(0, |day| day.millis()));
            SPEND.replace("{day}", &Resolution::Day.number().to_string()).replace("{from}", &from)
        }
        _ => String::new(),
    };
    let order = order(query, keys.backend());
    let limit = match part {
        Part::All => String::new(),
        Part::Page { from, length } => format!("LIMIT {length} OFFSET {from}"),
    };
    let statement = keys
        .statement(&format!("SELECT k.id FROM api_keys k {spend}"), &format!("ORDER BY {order}, k.id DESC {limit}"));
    let rows = services.database.read().query_all_raw(statement).await?;
    rows.iter().map(|row| Ok(row.try_get("", "id")?)).collect()
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
                "coalesce(spent.dollars + spent.nanos / 1000000000, 0) {direction}, \
                 coalesce(spent.nanos % 1000000000, 0) {direction}"
            )
        }
    }
}
