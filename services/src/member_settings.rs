//! What members chose for the dashboard, one by one in each of their organizations.

use domain::{calls::LogColumn, errors::FieldErrors, ids::UserId, permissions::Permission};
use sea_orm::{ActiveValue::Set, EntityTrait, sea_query::OnConflict};

use crate::{Actor, ServiceError, ServiceResult, Services, audited_change::AuditedChange, entities::member_settings};

/// Name of the setting that lists the columns of the log.
const LOG_COLUMNS: &str = "log_columns";

/// Returns the columns of the log that the actor chose, or the default ones.
pub async fn log_columns(services: &Services, actor: &Actor) -> ServiceResult<Vec<LogColumn>> {
    let user = owner(actor)?;
    let id = (actor.organization.id.uuid(), user.uuid(), LOG_COLUMNS.to_owned());
    let stored = member_settings::Entity::find_by_id(id).one(services.database.read()).await?;
    let Some(stored) = stored else { return Ok(LogColumn::DEFAULT.to_vec()) };
    // A newer server may have stored columns that this one doesn't know.
    let names = stored.value.as_array().into_iter().flatten().filter_map(|name| name.as_str());
    let columns: Vec<LogColumn> = names.filter_map(|name| name.parse().ok()).collect();
    Ok(if columns.is_empty() { LogColumn::DEFAULT.to_vec() } else { LogColumn::sorted(&columns) })
}

/// Sets the columns of the actor's log. The default ones aren't stored, so that a later default applies.
///
/// # Errors
/// `columns` is empty: a list of bare times tells calls apart no more.
pub async fn set_log_columns(services: &Services, actor: &Actor, columns: &[LogColumn]) -> ServiceResult<()> {
    let columns = LogColumn::sorted(columns);
    if columns.is_empty() {
        return Err(FieldErrors::of("columns", "Choose at least one column.").into());
    }
    let (organization, user) = (actor.organization.id, owner(actor)?);
    let change = AuditedChange::begin(services, actor, &[Permission::ViewLogs]).await?;
    if columns == LogColumn::DEFAULT {
        let id = (organization.uuid(), user.uuid(), LOG_COLUMNS.to_owned());
        member_settings::Entity::delete_by_id(id).exec(change.transaction()).await?;
        return change.commit().await;
    }
    let names: Vec<&str> = columns.iter().map(|column| column.name()).collect();
    let row = member_settings::ActiveModel {
        organization_id: Set(organization.uuid()),
        user_id: Set(user.uuid()),
        name: Set(LOG_COLUMNS.to_owned()),
        value: Set(names.into()),
    };
    let replace = OnConflict::columns([
        member_settings::Column::OrganizationId,
        member_settings::Column::UserId,
        member_settings::Column::Name,
    ])
    .update_column(member_settings::Column::Value)
    .to_owned();
    member_settings::Entity::insert(row).on_conflict(replace).exec_without_returning(change.transaction()).await?;
    change.commit().await
}

/// The member whose settings are the actor's.
fn owner(actor: &Actor) -> ServiceResult<UserId> {
    actor.reach(Permission::ViewLogs)?;
    actor.user_id().ok_or_else(|| ServiceError::Forbidden("Only a member has settings of their own.".to_owned()))
}
