//! Lists keys in pages, exports all of a query, and counts them.

mod any_case;
mod filter;
mod order;
mod search;

use std::collections::{HashMap, HashSet};

use domain::{
    api_keys::{ApiKey, KeyPage, KeyQuery, PAGE_SIZE, Status},
    permissions::Permission,
};
use futures::{Stream, stream};
use sea_orm::ConnectionTrait;
use uuid::Uuid;

use self::order::KeyWindow;

use super::{
    conditions::{KeyConditions, STATUS, USABLE},
    figures,
    visibility::{KeyVisibility, VisibleProjectKeys, visible_keys},
};
use crate::{Actor, Organization, ServiceResult, Services, filters, projects::ProjectScope};

/// Keys read at a time for an export.
const EXPORT_BATCH_SIZE: usize = 200;

/// Returns a page of the keys that the actor may view. The database finds, sorts and counts; figures are
/// loaded only for the keys of the page.
pub async fn list(services: &Services, actor: &Actor, query: &KeyQuery) -> ServiceResult<KeyPage> {
    let organization = &actor.organization;
    let visible = visibility(services, actor).await?;
    check_project(services, organization, &visible, query).await?;
    let keys = matching_keys(services, organization, &visible, query)?;
    // The tabs lead to other statuses of the same selection.
    let any_status = KeyQuery { status: None, ..query.clone() };
    let of_any_status = matching_keys(services, organization, &visible, &any_status)?;
    let length = u64::from(PAGE_SIZE);
    let page = KeyWindow::Page { from: u64::from(query.page) * length, length };
    // Concurrently: the page waits only for the slower of the two.
    let (statuses, found) = tokio::try_join!(
        count_by_status(services, of_any_status),
        order::find(services, organization, keys, query, page),
    )?;
    let has_keys = !statuses.is_empty()
        || order::exists(services, KeyConditions::visible(services, organization.id, &visible)).await?;
    let keys = figures::load(services, organization, &found.ids).await?;
    Ok(KeyPage { keys, total: found.total, statuses, has_keys })
}

/// Streams all keys that match `query` and that the actor may view, in its order, in pages. Their ids are
/// fixed at the beginning, so that none is missed or repeated however the list changes meanwhile; the query's
/// page is ignored.
pub async fn export(
    services: &Services,
    actor: &Actor,
    query: &KeyQuery,
) -> ServiceResult<impl Stream<Item = ServiceResult<Vec<ApiKey>>> + Send + use<>> {
    let ids = find_ids(services, actor, query).await?;
    let state = (services.clone(), actor.organization.clone(), ids.into_iter());
    Ok(stream::try_unfold(state, async |(services, organization, mut ids)| {
        let page: Vec<_> = ids.by_ref().take(EXPORT_BATCH_SIZE).collect();
        if page.is_empty() {
            return Ok(None);
        }
        let keys = figures::load(&services, &organization, &page).await?;
        Ok(Some((keys, (services, organization, ids))))
    }))
}

/// Finds the ids of all keys that match `query` and that the actor may view, in its order.
async fn find_ids(services: &Services, actor: &Actor, query: &KeyQuery) -> ServiceResult<Vec<Uuid>> {
    let visible = visibility(services, actor).await?;
    check_project(services, &actor.organization, &visible, query).await?;
    let keys = matching_keys(services, &actor.organization, &visible, query)?;
    Ok(order::find(services, &actor.organization, keys, query, KeyWindow::All).await?.ids)
}

async fn visibility(services: &Services, actor: &Actor) -> ServiceResult<KeyVisibility> {
    services.wait_until_stored().await;
    visible_keys(services.database.read(), actor, Permission::ViewApiKeys).await
}

/// Rejects a query for the keys of a project that the actor can't see.
async fn check_project(
    services: &Services,
    organization: &Organization,
    visible: &KeyVisibility,
    query: &KeyQuery,
) -> ServiceResult<()> {
    let Some(project) = query.project else { return Ok(()) };
    let none = ProjectScope::Only(HashSet::new());
    let scope = match &visible.project_keys {
        VisibleProjectKeys::All => &ProjectScope::All,
        VisibleProjectKeys::None => &none,
        VisibleProjectKeys::Some { projects, .. } => projects,
    };
    filters::check_project(services.database.read(), organization.id, scope, project).await
}

fn matching_keys(
    services: &Services,
    organization: &Organization,
    visible: &KeyVisibility,
    query: &KeyQuery,
) -> ServiceResult<KeyConditions> {
    let mut keys = KeyConditions::visible(services, organization.id, visible);
    filter::apply(&mut keys, query)?;
    Ok(keys)
}

/// Counts keys by status; a status without keys is left out.
async fn count_by_status(services: &Services, keys: KeyConditions) -> ServiceResult<Vec<(Status, i64)>> {
    let select = format!("SELECT {STATUS} AS status, count(*) AS keys FROM api_keys k");
    let rows = services.database.read().query_all_raw(keys.statement(&select, "GROUP BY 1")).await?;
    let counts = rows
        .iter()
        .map(|row| Ok((row.try_get::<String>("", "status")?, row.try_get("", "keys")?)))
        .collect::<ServiceResult<HashMap<String, i64>>>()?;
    Ok(Status::ALL.into_iter().filter_map(|status| Some((status, *counts.get(status.name())?))).collect())
}

/// Counts the usable keys that `actor` may view.
pub(crate) async fn count_active(services: &Services, actor: &Actor) -> ServiceResult<i64> {
    // An actor who may view the organization's figures may view this one, without its keys.
    let visible = if actor.reach(Permission::ViewOverview)?.is_organization_wide() {
        KeyVisibility::ALL
    } else {
        visibility(services, actor).await?
    };
    let mut keys = KeyConditions::visible(services, actor.organization.id, &visible);
    keys.and(USABLE);
    order::count(services, keys).await
}
