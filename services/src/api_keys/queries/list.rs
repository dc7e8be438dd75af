//! Pages of keys.

mod any_case;
mod filter;
mod order;

use std::collections::HashMap;

use domain::{
    api_keys::{KeyPage, KeyQuery, Level, PAGE_SIZE, Status},
    ids::OrganizationId,
    permissions::{Permission, Reach},
};
use sea_orm::{ColumnTrait, ConnectionTrait, QueryFilter, QuerySelect};
use uuid::Uuid;

use self::order::Part;

use super::{
    conditions::{STATUS, Selection, USABLE},
    figures,
};
use crate::api_keys::{Visible, visible};
use crate::{Actor, Organization, ServiceError, ServiceResult, Services, entities::api_keys};

/// A page of the keys that the asker may see. Finding, sorting and counting is the database's work; figures are added up
/// for the keys of the page only.
pub async fn list(services: &Services, actor: &Actor, query: &KeyQuery) -> ServiceResult<KeyPage> {
    let organization = &actor.organization;
    let visible = seen(services, actor).await?;
    let keys = asked(services, organization, &visible, query)?;
    let length = u64::from(PAGE_SIZE);
    let page = Part::Page { from: u64::from(query.page) * length, length };
    // At once: the page waits for the slower of them only.
    let (statuses, found) = tokio::try_join!(
        statuses(services, Selection::visible(services, organization.id, &visible)),
        order::find(services, organization, keys, query, page),
    )?;
    let keys = figures::load(services, organization, &found.ids).await?;
    Ok(KeyPage { keys, total: found.total, statuses })
}

/// The ids of all keys that `query` asks for and the asker may see, in its order.
pub(in crate::api_keys) async fn ids(services: &Services, actor: &Actor, query: &KeyQuery) -> ServiceResult<Vec<Uuid>> {
    let visible = seen(services, actor).await?;
    let keys = asked(services, &actor.organization, &visible, query)?;
    Ok(order::find(services, &actor.organization, keys, query, Part::All).await?.ids)
}

async fn seen(services: &Services, actor: &Actor) -> ServiceResult<Visible> {
    services.settled().await;
    visible(services.database.read(), actor, Permission::ViewApiKeys).await
}

fn asked(
    services: &Services,
    organization: &Organization,
    visible: &Visible,
    query: &KeyQuery,
) -> ServiceResult<Selection> {
    let mut keys = Selection::visible(services, organization.id, visible);
    filter::apply(&mut keys, query)?;
    Ok(keys)
}

/// How many keys there are of each status that any has.
async fn statuses(services: &Services, keys: Selection) -> ServiceResult<Vec<(Status, i64)>> {
    let select = format!("SELECT {STATUS} AS status, count(*) AS keys FROM api_keys k");
    let rows = services.database.read().query_all_raw(keys.statement(&select, "GROUP BY 1")).await?;
    let counted = rows
        .iter()
        .map(|row| Ok((row.try_get::<String>("", "status")?, row.try_get("", "keys")?)))
        .collect::<ServiceResult<HashMap<String, i64>>>()?;
    Ok(Status::ALL.into_iter().filter_map(|status| Some((status, *counted.get(status.name())?))).collect())
}

/// How many keys that `actor` may see can be used.
pub(crate) async fn count_active(services: &Services, actor: &Actor) -> ServiceResult<i64> {
    // Whoever may see the organization's figures may see this one, without its keys.
    let visible = match actor.reach(Permission::ViewOverview)? {
        Reach::Organization => Visible::ALL,
        Reach::Assigned | Reach::Own => seen(services, actor).await?,
    };
    let mut keys = Selection::visible(services, actor.organization.id, &visible);
    keys.and(USABLE);
    order::count(services, keys).await
}

/// The names and levels of keys, by their ids.
pub(crate) async fn refs(
    database: &impl ConnectionTrait,
    organization: OrganizationId,
    ids: impl IntoIterator<Item = Uuid>,
) -> ServiceResult<HashMap<Uuid, (String, Level)>> {
    let rows = api_keys::of(organization)
        .select_only()
        .columns([api_keys::Column::Id, api_keys::Column::Name, api_keys::Column::Level])
        .filter(api_keys::Column::Id.is_in(ids))
        .into_tuple::<(Uuid, String, String)>()
        .all(database)
        .await?;
    rows.into_iter().map(|(id, name, level)| Ok((id, (name, level.parse().map_err(ServiceError::Internal)?)))).collect()
}
