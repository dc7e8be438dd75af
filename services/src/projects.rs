//! Projects: containers for keys, usage and access.

use std::collections::HashSet;

use domain::{
    errors::FieldErrors,
    ids::{OrganizationId, ProjectId, UserId},
    permissions::{Permission, Reach},
    projects::Project,
    time::Timestamp,
    validation,
};
use sea_orm::{
    ActiveValue::Set, ColumnTrait, ConnectionTrait, EntityTrait, QueryFilter, QueryOrder, QuerySelect, TryInsertResult,
};
use serde_json::json;

use crate::{
    Actor, ActorKind, ServiceError, ServiceResult, Services,
    audit::{self, AuditAuthor, AuditEvent},
    audited_change::AuditedChange,
    database::DatabaseTransaction,
    entities::{memberships, project_members, projects, users},
    random,
    slugs::{self, Naming},
};

/// Role of a project member who may change the project.
pub(crate) const MANAGER: &str = "manager";
/// Role of a project member who may not.
const MEMBER: &str = "member";

/// The projects that an actor's permission reaches.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) enum ProjectScope {
    All,
    /// Only these projects, possibly none.
    Only(HashSet<ProjectId>),
}

impl ProjectScope {
    pub(crate) fn contains(&self, project: ProjectId) -> bool {
        match self {
            Self::All => true,
            Self::Only(projects) => projects.contains(&project),
        }
    }
}

/// Loads the projects that `permission` reaches for `actor`.
///
/// # Errors
/// The actor lacks the permission.
pub(crate) async fn scope(
    database: &impl ConnectionTrait,
    actor: &Actor,
    permission: Permission,
) -> ServiceResult<ProjectScope> {
    let reach = actor.reach(permission)?;
    if reach.is_organization_wide() {
        return Ok(ProjectScope::All);
    }
    Ok(ProjectScope::Only(match actor.user_id() {
        None => actor.project_id().into_iter().collect(),
        Some(user_id) => reached_projects(database, actor.organization.id, user_id, reach).await?,
    }))
}

/// Loads a project and locks it against changes until the transaction ends.
async fn lock(change: &AuditedChange, id: ProjectId) -> ServiceResult<Option<projects::Model>> {
    let is_id = projects::Column::Id.eq(id.uuid());
    let project = projects::of(change.actor().organization.id).filter(is_id).lock_shared();
    Ok(project.one(change.transaction()).await?)
}

/// Rejects a project that `permission` doesn't reach for the actor, or that is archived, with an error of the
/// field `project_id`.
pub(crate) async fn require_usable(change: &AuditedChange, permission: Permission, id: ProjectId) -> ServiceResult<()> {
    let error = |message: &str| Err(FieldErrors::of("project_id", message).into());
    let scope = scope(change.transaction(), change.actor(), permission).await?;
    let row = lock(change, id).await?;
    match row.filter(|_| scope.contains(id)) {
        None => error("Choose a project that is assigned to you."),
        Some(row) if row.archived_at.is_some() => error("This project is archived."),
        Some(_) => Ok(()),
    }
}

/// Loads the projects that a member reaches who doesn't reach the whole organization.
async fn reached_projects(
    database: &impl ConnectionTrait,
    organization: OrganizationId,
    user_id: UserId,
    reach: Reach,
) -> ServiceResult<HashSet<ProjectId>> {
    let mut assigned = project_members::Entity::find()
        .select_only()
        .column(project_members::Column::ProjectId)
        .filter(project_members::Column::OrganizationId.eq(organization.uuid()))
        .filter(project_members::Column::UserId.eq(user_id.uuid()));
    if reach == Reach::Managed {
        assigned = assigned.filter(project_members::Column::Role.eq(MANAGER));
    }
    let ids = assigned.into_tuple::<uuid::Uuid>().all(database).await?;
    Ok(ids.into_iter().map(ProjectId::new).collect())
}

/// Lists the projects whose usage the actor may see, by name.
pub async fn list(services: &Services, actor: &Actor) -> ServiceResult<Vec<Project>> {
    let scope = scope(services.database.read(), actor, Permission::ViewUsage).await?;
    let rows = projects::of(actor.organization.id)
        .order_by_asc(projects::Column::Name)
        .order_by_asc(projects::Column::Slug)
        .all(services.database.read())
        .await?;
    Ok(rows.into_iter().filter(|row| scope.contains(ProjectId::new(row.id))).map(to_project).collect())
}

/// Creates a project, of which a member who creates it becomes the manager.
pub async fn create(services: &Services, actor: &Actor, name: &str, description: &str) -> ServiceResult<Project> {
    actor.reach(Permission::CreateProject)?;
    let mut errors = FieldErrors::default();
    let name = errors.check("name", validation::name(name)).unwrap_or_default();
    let description = errors.check("description", validation::description(description)).unwrap_or_default();
    errors.into_result()?;
    let change = AuditedChange::begin(services, actor, &[Permission::CreateProject]).await?;
    let (now, organization, transaction) = (change.now(), actor.organization.id, change.transaction());
    let author = AuditAuthor::from(&change);
    // A member may not see all projects, so a slug mustn't reveal the names of others.
    let naming = if matches!(actor.kind, ActorKind::Operator(_)) { Naming::Plain } else { Naming::WithRandomSuffix };
    let row = add(transaction, now, organization, (&name, naming), &description, actor.user_id(), &author).await?;
    if let Some(user_id) = actor.user_id() {
        add_member(transaction, now, organization, row.id, user_id, MANAGER).await?;
    }
    change.commit().await?;
    Ok(to_project(row))
}

/// Finds the project with this id or slug, if the actor may see it.
pub async fn find(services: &Services, actor: &Actor, id_or_slug: &str) -> ServiceResult<Project> {
    let condition = match id_or_slug.parse::<ProjectId>() {
        Ok(id) => projects::Column::Id.eq(id.uuid()),
        Err(_) => projects::Column::Slug.eq(id_or_slug),
    };
    let scope = scope(services.database.read(), actor, Permission::ViewUsage).await?;
    let row = projects::of(actor.organization.id).filter(condition).one(services.database.read()).await?;
    row.filter(|row| scope.contains(ProjectId::new(row.id))).map(to_project).ok_or(ServiceError::NotFound)
}

/// Assigns a member of the organization to one of its projects. Idempotent.
pub async fn assign(services: &Services, actor: &Actor, project: ProjectId, email: &str) -> ServiceResult<()> {
    actor.reach(Permission::ManageSettings)?;
    let email = validation::email(email).map_err(|message| FieldErrors::of("email", message))?;
    let mut change = AuditedChange::begin(services, actor, &[Permission::ManageSettings]).await?;
    let (organization, transaction) = (actor.organization.id, change.transaction());
    let row = lock(&change, project).await?.ok_or(ServiceError::NotFound)?;
    let user = users::Entity::find()
        .join(sea_orm::JoinType::InnerJoin, users::memberships())
        .filter(users::Column::Email.eq(email.as_str()))
        .filter(memberships::Column::OrganizationId.eq(organization.uuid()))
        .lock_shared()
        .one(transaction)
        .await?
        .ok_or_else(|| FieldErrors::of("email", "No member has this email address."))?;
    if add_member(transaction, change.now(), organization, row.id, UserId::new(user.id), MEMBER).await? {
        let event = AuditEvent::new("project.member_assigned", "project", project)
            .after(json!({ "user": UserId::new(user.id), "email": user.email }))?;
        change.record(event);
    }
    change.commit().await
}

/// Inserts a project, with a slug that is unique within the organization.
pub(crate) async fn add(
    transaction: &DatabaseTransaction,
    now: Timestamp,
    organization: OrganizationId,
    (name, naming): (&str, Naming),
    description: &str,
    created_by: Option<UserId>,
    author: &AuditAuthor,
) -> ServiceResult<projects::Model> {
    let id = random::uuid(now)?;
    for slug in slugs::candidates(name, "project", naming)? {
        let row = projects::Model {
            organization_id: organization.uuid(),
            id,
            slug,
            name: name.to_owned(),
            description: description.to_owned(),
            cost_center: String::new(),
            created_by: created_by.map(UserId::uuid),
            created_at: now.millis(),
            archived_at: None,
            calls_per_minute: None,
            tokens_per_minute: None,
        };
        let inserted = projects::Entity::insert(projects::ActiveModel::from(row.clone()))
            .on_conflict_do_nothing_on([projects::Column::OrganizationId, projects::Column::Slug])
            .exec_without_returning(transaction)
            .await?;
        if matches!(inserted, TryInsertResult::Inserted(1..)) {
            let event = AuditEvent::new("project.created", "project", ProjectId::new(id))
                .after(json!({ "name": row.name, "slug": row.slug }))?;
            audit::record(transaction, now, organization, author, event).await?;
            return Ok(row);
        }
    }
    Err(ServiceError::Conflict("Choose another name.".to_owned()))
}

/// Assigns a user to a project; returns whether they weren't assigned yet.
async fn add_member(
    transaction: &DatabaseTransaction,
    now: Timestamp,
    organization: OrganizationId,
    project: uuid::Uuid,
    user_id: UserId,
    role: &str,
) -> ServiceResult<bool> {
    let row = project_members::ActiveModel {
        organization_id: Set(organization.uuid()),
        project_id: Set(project),
        user_id: Set(user_id.uuid()),
        role: Set(role.to_owned()),
        created_at: Set(now.millis()),
    };
    let inserted =
        project_members::Entity::insert(row).on_conflict_do_nothing().exec_without_returning(transaction).await?;
    Ok(matches!(inserted, TryInsertResult::Inserted(1..)))
}

fn to_project(row: projects::Model) -> Project {
    Project {
        id: ProjectId::new(row.id),
        name: row.name,
        slug: row.slug,
        description: row.description,
        archived: row.archived_at.is_some(),
    }
}

#[cfg(test)]
mod tests {
    use sea_orm::{ConnectOptions, Database, DbBackend, Schema};

    use super::*;

    #[tokio::test]
    async fn a_manager_reaches_those_of_the_assigned_projects_that_they_manage() {
        let options = ConnectOptions::new("sqlite::memory:").max_connections(1).to_owned();
        let database = Database::connect(options).await.unwrap();
        let table = Schema::new(DbBackend::Sqlite).create_table_from_entity(project_members::Entity);
        database.execute(&table).await.unwrap();
        let id = |number| uuid::Uuid::from_u128(number);
        let (organization, user, colleague) = (OrganizationId::new(id(1)), UserId::new(id(2)), UserId::new(id(3)));
        let (managed, assigned, other) = (id(4), id(5), id(6));
        let members = [
            (managed, user, MANAGER),
            (assigned, user, MEMBER),
            (assigned, colleague, MANAGER),
            (other, colleague, MANAGER),
        ];
        let rows = members.map(|(project_id, user_id, role)| {
            project_members::ActiveModel::from(project_members::Model {
                organization_id: organization.uuid(),
                project_id,
                user_id: user_id.uuid(),
                role: role.to_owned(),
                created_at: 0,
            })
        });
        project_members::Entity::insert_many(rows).exec_without_returning(&database).await.unwrap();
        let reached = async |reach| reached_projects(&database, organization, user, reach).await.unwrap();
        let ids = |ids: &[uuid::Uuid]| ids.iter().copied().map(ProjectId::new).collect::<HashSet<_>>();
        assert_eq!(reached(Reach::Managed).await, ids(&[managed]));
        assert_eq!(reached(Reach::Assigned).await, ids(&[managed, assigned]));
        assert_eq!(reached(Reach::Own).await, ids(&[managed, assigned]));
    }
}
