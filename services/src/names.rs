//! Finds the names of keys, projects and members by their ids, for calls and usage.

use std::collections::HashMap;

use domain::{api_keys::Level, ids::OrganizationId};
use sea_orm::{ColumnTrait, ConnectionTrait, EntityTrait, QueryFilter, QuerySelect};
use uuid::Uuid;

use crate::{
    ServiceError, ServiceResult,
    entities::{api_keys, projects, users},
};

/// A key's name, with the level that its masked secrets show.
pub(crate) struct KeyName {
    pub(crate) name: String,
    pub(crate) level: Level,
}

/// Finds the names of an organization's keys; unknown ids are left out.
pub(crate) async fn find_keys(
    database: &impl ConnectionTrait,
    organization: OrganizationId,
    ids: impl IntoIterator<Item = Uuid>,
) -> ServiceResult<HashMap<Uuid, KeyName>> {
    let rows = api_keys::of(organization)
        .select_only()
        .columns([api_keys::Column::Id, api_keys::Column::Name, api_keys::Column::Level])
        .filter(api_keys::Column::Id.is_in(ids))
        .into_tuple::<(Uuid, String, String)>()
        .all(database)
        .await?;
    let key = |(id, name, level): (Uuid, String, String)| {
        Ok((id, KeyName { name, level: level.parse().map_err(ServiceError::Internal)? }))
    };
    rows.into_iter().map(key).collect()
}

/// Finds the names of an organization's projects; unknown ids are left out.
pub(crate) async fn find_projects(
    database: &impl ConnectionTrait,
    organization: OrganizationId,
    ids: impl IntoIterator<Item = Uuid>,
) -> ServiceResult<HashMap<Uuid, String>> {
    let rows = projects::of(organization)
        .select_only()
        .columns([projects::Column::Id, projects::Column::Name])
        .filter(projects::Column::Id.is_in(ids))
        .into_tuple::<(Uuid, String)>()
        .all(database)
        .await?;
    Ok(rows.into_iter().collect())
}

/// Finds the names of members, who may have left; unknown ids are left out.
pub(crate) async fn find_members(
    database: &impl ConnectionTrait,
    ids: impl IntoIterator<Item = Uuid>,
) -> ServiceResult<HashMap<Uuid, String>> {
    let rows = users::Entity::find()
        .select_only()
        .columns([users::Column::Id, users::Column::Name])
        .filter(users::Column::Id.is_in(ids))
        .into_tuple::<(Uuid, String)>()
        .all(database)
        .await?;
    Ok(rows.into_iter().collect())
}

/// Finds the name of a member, who may have left.
pub(crate) async fn find_member(database: &impl ConnectionTrait, id: Uuid) -> ServiceResult<Option<String>> {
    let name = users::Entity::find_by_id(id).select_only().column(users::Column::Name).into_tuple::<String>();
    Ok(name.one(database).await?)
}
