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
    Actor, ServiceError, ServiceResult, Services, Who,
    audit::{self, Author, Deed},
    audited_change::Acting,
    database::DatabaseTransaction,
    entities::{memberships, project_members, projects, users},
    random,
    slugs::{self, Naming},
};

/// A project member who may also change the project, and one who may not.
const MANAGER: &str = "manager";
const MEMBER: &str = "member";

/// Which projects somebody's permission reaches.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) enum Scope {
    All,
    /// Only these; perhaps none.
    Only(HashSet<ProjectId>),
}

impl Scope {
    pub(crate) fn holds(&self, project: ProjectId) -> bool {
        match self {
            Self::All => true,
            Self::Only(projects) => projects.contains(&project),
        }
    }
}

/// The projects that `permission` reaches for `actor`, or why it reaches none.
pub(crate) async fn scope(
    database: &impl ConnectionTrait,
    actor: &Actor,
    permission: Permission,
) -> ServiceResult<Scope> {
    match (actor.reach(permission)?, actor.user_id()) {
        (Reach::Organization, _) => Ok(Scope::All),
        (Reach::Assigned | Reach::Own, None) => Ok(Scope::Only(actor.project_id().into_iter().collect())),
        (Reach::Assigned | Reach::Own, Some(user_id)) => {
            Ok(Scope::Only(assigned(database, actor.organization.id, user_id).await?))
        }
    }
}

/// A project that nobody changes until the transaction ends.
async fn locked(acting: &Acting, id: ProjectId) -> ServiceResult<Option<projects::Model>> {
    let its = projects::Column::Id.eq(id.uuid());
    let project = projects::of(acting.actor().organization.id).filter(its).lock_shared();
    Ok(project.one(acting.transaction()).await?)
}

/// Refuses a project that isn't within what `permission` reaches for `actor`, or is archived; names it by the field
/// `project_id`.
pub(crate) async fn require_usable(acting: &Acting, permission: Permission, id: ProjectId) -> ServiceResult<()> {
    let wrong = |why: &str| Err(FieldErrors::of("project_id", why).into());
    let scope = scope(acting.transaction(), acting.actor(), permission).await?;
    let row = locked(acting, id).await?;
    match row.filter(|_| scope.holds(id)) {
        None => wrong("Choose a project of yours."),
        Some(row) if row.archived_at.is_some() => wrong("This project is archived."),
        Some(_) => Ok(()),
    }
}

async fn assigned(
    database: &impl ConnectionTrait,
    organization: OrganizationId,
    user_id: UserId,
) -> ServiceResult<HashSet<ProjectId>> {
    let ids = project_members::Entity::find()
        .select_only()
        .column(project_members::Column::ProjectId)
        .filter(project_members::Column::OrganizationId.eq(organization.uuid()))
        .filter(project_members::Column::UserId.eq(user_id.uuid()))
        .into_tuple::<uuid::Uuid>()
        .all(database)
        .await?;
    Ok(ids.into_iter().map(ProjectId::new).collect())
}

/// The projects whose usage the asker may see, by name.
pub async fn list(services: &Services, actor: &Actor) -> ServiceResult<Vec<Project>> {
    let scope = scope(services.database.read(), actor, Permission::ViewUsage).await?;
    let rows = projects::of(actor.organization.id)
        .order_by_asc(projects::Column::Name)
        .order_by_asc(projects::Column::Slug)
        .all(services.database.read())
        .await?;
    Ok(rows.into_iter().filter(|row| scope.holds(ProjectId::new(row.id))).map(shown).collect())
}

/// Makes a project, of which the maker becomes the manager.
pub async fn create(services: &Services, actor: &Actor, name: &str, description: &str) -> ServiceResult<Project> {
    actor.reach(Permission::CreateProject)?;
    let mut errors = FieldErrors::default();
    let name = errors.check("name", validation::name(name)).unwrap_or_default();
    let description = errors.check("description", validation::description(description)).unwrap_or_default();
    errors.into_result()?;
    let acting = Acting::begin(services, actor, &[Permission::CreateProject]).await?;
    let (now, organization, transaction) = (acting.now(), actor.organization.id, acting.transaction());
    let author = Author::from(&acting);
    // A member may not see all projects, and so may not learn what others are called.
    let naming = if matches!(actor.who, Who::CommandLine) { Naming::Plain } else { Naming::Unforeseen };
    let row = add(transaction, now, organization, (&name, naming), &description, actor.user_id(), &author).await?;
    if let Some(user_id) = actor.user_id() {
        add_member(transaction, now, organization, row.id, user_id, MANAGER).await?;
    }
    acting.commit().await?;
    Ok(shown(row))
}

/// The project with this id or slug, if the asker may see it.
pub async fn find(services: &Services, actor: &Actor, id_or_slug: &str) -> ServiceResult<Project> {
    let which = match id_or_slug.parse::<ProjectId>() {
        Ok(id) => projects::Column::Id.eq(id.uuid()),
        Err(_) => projects::Column::Slug.eq(id_or_slug),
    };
    let scope = scope(services.database.read(), actor, Permission::ViewUsage).await?;
    let row = projects::of(actor.organization.id).filter(which).one(services.database.read()).await?;
    row.filter(|row| scope.holds(ProjectId::new(row.id))).map(shown).ok_or(ServiceError::NotFound)
}

/// Assigns a member of the organization to one of its projects. Doing it again changes nothing.
pub async fn assign(services: &Services, actor: &Actor, project: ProjectId, email: &str) -> ServiceResult<()> {
    actor.reach(Permission::ManageSettings)?;
    let email = validation::email(email).map_err(|why| FieldErrors::of("email", why))?;
    let mut acting = Acting::begin(services, actor, &[Permission::ManageSettings]).await?;
    let (organization, transaction) = (actor.organization.id, acting.transaction());
    let row = locked(&acting, project).await?.ok_or(ServiceError::NotFound)?;
    let user = users::Entity::find()
        .join(sea_orm::JoinType::InnerJoin, users::memberships())
        .filter(users::Column::Email.eq(email.as_str()))
        .filter(memberships::Column::OrganizationId.eq(organization.uuid()))
        .lock_shared()
        .one(transaction)
        .await?
        .ok_or_else(|| FieldErrors::of("email", "Nobody with this address is a member."))?;
    if add_member(transaction, acting.now(), organization, row.id, UserId::new(user.id), MEMBER).await? {
        let deed = Deed::new("project.member_assigned", "project", project)
            .after(json!({ "user": UserId::new(user.id), "email": user.email }))?;
        acting.tell(deed);
    }
    acting.commit().await
}

/// Adds a project, with a slug that is its own within the organization.
pub(crate) async fn add(
    transaction: &DatabaseTransaction,
    now: Timestamp,
    organization: OrganizationId,
    (name, naming): (&str, Naming),
    description: &str,
    created_by: Option<UserId>,
    author: &Author,
) -> ServiceResult<projects::Model> {
    let id = random::uuid(now)?;
    for slug in slugs::candidates(name, naming)? {
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
            let deed = Deed::new("project.created", "project", ProjectId::new(id))
                .after(json!({ "name": row.name, "slug": row.slug }))?;
            audit::record(transaction, now, organization, author, deed).await?;
            return Ok(row);
        }
    }
    Err(ServiceError::Conflict("Choose another name.".to_owned()))
}

/// Assigns a user to a project; tells whether they weren't yet.
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

fn shown(row: projects::Model) -> Project {
    Project {
        id: ProjectId::new(row.id),
        name: row.name,
        slug: row.slug,
        description: row.description,
        archived: row.archived_at.is_some(),
    }
}
