//! Objects stored at providers, with their owners: files, jobs, and answers that can be retrieved later.
//!
//! All organizations share the operator's account with a provider, so the provider can't distinguish their
//! objects: this table does. An object belongs to the project (or, without one, to the organization) of the
//! key that created it; for all others it doesn't exist. Two providers may have different objects with one
//! id.

mod job_results;
mod kind;
mod lookup;
pub mod storage;

use domain::{
    calls::CallTags,
    ids::{OrganizationId, PriceId, ProjectId},
    time::Timestamp,
};
use sea_orm::{
    ActiveValue::Set,
    ColumnTrait, Condition, EntityTrait, Iterable, Order, QueryFilter, QueryOrder, QuerySelect,
    sea_query::{Expr, ExprTrait, OnConflict, Query},
};
use uuid::Uuid;

pub use self::job_results::{JobResult, claim_due_jobs, record_job, remember_results, reschedule};
pub use self::kind::ObjectKind;
pub use self::lookup::{KnownObject, find_by_ids};

use crate::{
    ServiceResult, Services,
    api_keys::directory::KeyRecord,
    database::DatabaseTransaction,
    entities::provider_objects::{ActiveModel, Column, Entity, Model},
    metering::new_call_id,
    stored_tags,
};

/// Maximum length of an id, in bytes; providers' ids are shorter than 100.
pub const MAX_ID_LENGTH: usize = 200;
/// Maximum size of a stored document, in bytes. A fine-tuning job's has some KiB, a file's less than one.
const MAX_DOCUMENT_BYTES: usize = 256 * 1024;
/// Maximum number of objects on a page of a list, as for OpenAI's lists.
const MAX_PAGE_SIZE: u64 = 10_000;

/// An object stored at a provider.
#[derive(Clone, Debug)]
pub struct ProviderObject(Model);

/// An object that a provider has just created.
#[derive(Clone, Debug)]
pub struct NewProviderObject<'a> {
    pub kind: ObjectKind,
    pub id: &'a str,
    pub provider: &'a str,
    /// Model that created it; empty for a file.
    pub model: &'a str,
    pub price_id: Option<PriceId>,
    /// Time of the call that created it.
    pub created_at: Timestamp,
    /// Time at which the provider deletes it, if it does.
    pub expires_at: Option<Timestamp>,
    /// Size of a file; 0 for other objects.
    pub bytes: i64,
    /// Time of the first check whether a job is done; `None` for other objects.
    pub look_at: Option<Timestamp>,
    /// The provider's description of the object, where lists show it.
    pub document: &'a str,
    /// Tags of the call that created it.
    pub tags: CallTags,
}

/// A query for a list of objects.
#[derive(Clone, Debug)]
pub struct ObjectQuery<'a> {
    /// Only objects after this one.
    pub after: Option<&'a ProviderObject>,
    pub limit: u64,
    /// Only objects that this model created.
    pub model: Option<&'a str>,
    pub oldest_first: bool,
}

impl ProviderObject {
    /// The kind; `None` for one that only a later version knows.
    pub fn kind(&self) -> Option<ObjectKind> {
        self.0.kind.parse().ok()
    }

    /// The provider's id.
    pub fn id(&self) -> &str {
        &self.0.id
    }

    /// Name of the provider.
    pub fn provider(&self) -> &str {
        &self.0.provider
    }

    /// Model that created it; empty for a file.
    pub fn model(&self) -> &str {
        &self.0.model
    }

    /// The provider's last description of the object, as JSON; empty where it isn't stored.
    pub fn document(&self) -> &str {
        &self.0.document
    }

    /// Whether the object's usage is still unknown.
    pub fn is_pending(&self) -> bool {
        self.0.look_at.is_some()
    }
}

/// Whether a text can be an object's id. Others needn't be looked up.
pub fn is_id(text: &str) -> bool {
    !text.is_empty() && text.len() <= MAX_ID_LENGTH && !text.chars().any(char::is_control)
}

/// Stores an object of the owner of `key`. A known object keeps its owner.
pub async fn remember(services: &Services, key: &KeyRecord, new: NewProviderObject<'_>) -> ServiceResult<()> {
    if !is_id(new.id) {
        return Ok(());
    }
    let model = Model {
        organization_id: key.organization.id.uuid(),
        project_id: owner(key.project_id),
        kind: new.kind.name().to_owned(),
        id: new.id.to_owned(),
        api_key_id: key.api_key_id.uuid(),
        secret_id: key.secret_id.uuid(),
        member_id: key.member_id.map_or(Uuid::nil(), |id| id.uuid()),
        provider: new.provider.to_owned(),
        model: new.model.to_owned(),
        price_id: new.price_id.map(PriceId::uuid),
        created_at: new.created_at.millis(),
        deleted_at: new.expires_at.map(Timestamp::millis),
        bytes: new.bytes,
        settlement_id: new_call_id(new.created_at).uuid(),
        look_at: new.look_at.map(Timestamp::millis),
        document: storable_document(new.document).to_owned(),
        tags: stored_tags::to_json(&new.tags),
    };
    insert(services, model).await
}

async fn insert(services: &Services, model: Model) -> ServiceResult<()> {
    let now = services.now();
    let is_key =
        |column: &Column| matches!(column, Column::OrganizationId | Column::Kind | Column::Id | Column::Provider);
    let other_columns = Column::iter().filter(|column| !is_key(column));
    // The id of a deleted object may be used for a new one; all other objects keep their owner.
    let mut may_replace = Condition::any().add(Expr::col((Entity, Column::DeletedAt)).lte(now.millis()));
    let transaction = services.database.begin().await?;
    if model.look_at.is_some() {
        // So may the id of a finished job, when its provider starts numbering from one again.
        may_replace = may_replace.add(Expr::col((Entity, Column::LookAt)).is_null());
        forget_others_jobs(&transaction, &model, now).await?;
    }
    let replace = OnConflict::columns(Column::iter().filter(is_key))
        .update_columns(other_columns)
        .action_cond_where(may_replace)
        .to_owned();
    Entity::insert(ActiveModel::from(model)).on_conflict(replace).exec_without_returning(&transaction).await?;
    Ok(transaction.commit().await?)
}

/// Forgets finished jobs of other organizations and projects whose id the provider uses for a new job: their
/// owners would be answered with the new one.
async fn forget_others_jobs(transaction: &DatabaseTransaction, new: &Model, now: Timestamp) -> ServiceResult<()> {
    let owners =
        Condition::all().add(Column::OrganizationId.eq(new.organization_id)).add(Column::ProjectId.eq(new.project_id));
    let others_jobs = Condition::all()
        .add(Expr::cust("lower(id)").eq(new.id.to_lowercase()))
        .add(Column::Id.eq(new.id.as_str()))
        .add(Column::Kind.eq(new.kind.as_str()))
        .add(Column::Provider.eq(new.provider.as_str()))
        .add(Column::LookAt.is_null())
        .add(is_live(now))
        .add(owners.not());
    let organizations = Entity::find()
        .select_only()
        .column(Column::OrganizationId)
        .distinct()
        .filter(others_jobs.clone())
        .order_by_asc(Column::OrganizationId)
        .into_tuple::<Uuid>()
        .all(transaction)
        .await?;
    // A statement changes rows of one organization.
    for organization in organizations {
        Entity::update_many()
            .set(ActiveModel { deleted_at: Set(Some(now.millis())), ..ActiveModel::default() })
            .filter(Column::OrganizationId.eq(organization))
            .filter(others_jobs.clone())
            .exec(transaction)
            .await?;
    }
    Ok(())
}

/// Finds the object with this id, if it belongs to this project (or to none) and isn't deleted. Of several,
/// which providers that use numbers as ids may have, finds the newest.
pub async fn find(
    services: &Services,
    organization: OrganizationId,
    project: Option<ProjectId>,
    kind: ObjectKind,
    id: &str,
) -> ServiceResult<Option<ProviderObject>> {
    find_where(services, organization, project, kind, id, Condition::all()).await
}

/// Like [`find`], for objects of one provider.
pub async fn find_at(
    services: &Services,
    provider: &str,
    organization: OrganizationId,
    project: Option<ProjectId>,
    kind: ObjectKind,
    id: &str,
) -> ServiceResult<Option<ProviderObject>> {
    let of_provider = Condition::all().add(Column::Provider.eq(provider));
    find_where(services, organization, project, kind, id, of_provider).await
}

async fn find_where(
    services: &Services,
    organization: OrganizationId,
    project: Option<ProjectId>,
    kind: ObjectKind,
    id: &str,
    condition: Condition,
) -> ServiceResult<Option<ProviderObject>> {
    if !is_id(id) {
        return Ok(None);
    }
    let found = Entity::find()
        .filter(Column::OrganizationId.eq(organization.uuid()))
        .filter(Column::Kind.eq(kind.name()))
        .filter(Column::Id.eq(id))
        .filter(Column::ProjectId.eq(owner(project)))
        .filter(condition)
        .filter(is_live(services.now()))
        .order_by_desc(Column::CreatedAt)
        .order_by_desc(Column::Provider)
        .one(services.database.read())
        .await?;
    Ok(found.map(ProviderObject))
}

/// Lists a page of this project's objects (or of those without one), and whether there are more.
pub async fn list(
    services: &Services,
    organization: OrganizationId,
    project: Option<ProjectId>,
    kind: ObjectKind,
    query: ObjectQuery<'_>,
) -> ServiceResult<(Vec<ProviderObject>, bool)> {
    let mut select = Entity::find()
        .filter(Column::OrganizationId.eq(organization.uuid()))
        .filter(Column::ProjectId.eq(owner(project)))
        .filter(Column::Kind.eq(kind.name()))
        .filter(is_live(services.now()))
        .filter(is_preferred(organization, services.now()));
    if kind.is_described() {
        select = select.filter(Column::Document.ne(""));
    }
    if let Some(model) = query.model {
        select = select.filter(Column::Model.eq(model));
    }
    if let Some(ProviderObject(last)) = query.after {
        let (moment, id, provider) = (last.created_at, last.id.as_str(), last.provider.as_str());
        let later = |column: Column, value: sea_orm::Value| {
            if query.oldest_first { column.gt(value) } else { column.lt(value) }
        };
        let tie_break = |same: Condition, column, value| same.add(later(column, value));
        let same_moment = Condition::all().add(Column::CreatedAt.eq(moment));
        let same_id = same_moment.clone().add(Column::Id.eq(id));
        let beyond = Condition::any()
            .add(later(Column::CreatedAt, moment.into()))
            .add(tie_break(same_moment, Column::Id, id.into()))
            .add(tie_break(same_id, Column::Provider, provider.into()));
        select = select.filter(beyond);
    }
    let order = if query.oldest_first { Order::Asc } else { Order::Desc };
    for column in [Column::CreatedAt, Column::Id, Column::Provider] {
        select = select.order_by(column, order.clone());
    }
    let limit = query.limit.clamp(1, MAX_PAGE_SIZE);
    let mut rows = select.limit(limit + 1).all(services.database.read()).await?;
    let size = usize::try_from(limit).unwrap_or(usize::MAX);
    let more = rows.len() > size;
    rows.truncate(size);
    Ok((rows.into_iter().map(ProviderObject).collect(), more))
}

/// Updates the provider's description of an object.
pub async fn refresh(services: &Services, object: &ProviderObject, document: &str) -> ServiceResult<()> {
    if object.0.document.is_empty() || object.0.document == document || storable_document(document).is_empty() {
        return Ok(());
    }
    update(services, object, ActiveModel { document: Set(document.to_owned()), ..ActiveModel::default() }).await
}

/// Forgets an object that its provider has deleted, with its description. Its storage is counted up to now.
pub async fn forget(services: &Services, object: &ProviderObject) -> ServiceResult<()> {
    let (deleted_at, document) = (Set(Some(services.now().millis())), Set(String::new()));
    update(services, object, ActiveModel { deleted_at, document, ..ActiveModel::default() }).await
}

async fn update(services: &Services, object: &ProviderObject, change: ActiveModel) -> ServiceResult<()> {
    let transaction = services.database.begin().await?;
    Entity::update_many().set(change).filter(has_key_of(object)).exec(&transaction).await?;
    Ok(transaction.commit().await?)
}

/// The condition that a row is that of `object`.
fn has_key_of(object: &ProviderObject) -> Condition {
    Condition::all()
        .add(Column::OrganizationId.eq(object.0.organization_id))
        .add(Column::Kind.eq(object.0.kind.as_str()))
        .add(Column::Id.eq(object.0.id.as_str()))
        .add(Column::Provider.eq(object.0.provider.as_str()))
}

/// The condition that a row is neither deleted nor expired.
fn is_live(now: Timestamp) -> Condition {
    Condition::any().add(Column::DeletedAt.is_null()).add(Expr::col(Column::DeletedAt).gt(now.millis()))
}

/// The condition that a row of this organization is the one of several with one id that [`find`] finds.
fn is_preferred(organization: OrganizationId, now: Timestamp) -> Expr {
    let other = |column: Column| Expr::col(("other", column));
    let is_same = |column: Column| other(column).equals((Entity, column));
    let is_larger = |column: Column| other(column).gt(Expr::col((Entity, column)));
    let is_newer = is_larger(Column::CreatedAt).or(is_same(Column::CreatedAt).and(is_larger(Column::Provider)));
    let preferred = Query::select()
        .expr(Expr::value(1))
        .from_as(Entity, "other")
        .and_where(other(Column::OrganizationId).eq(organization.uuid()))
        .and_where(is_same(Column::Kind))
        .and_where(is_same(Column::Id))
        .and_where(is_same(Column::ProjectId))
        .and_where(is_same(Column::Provider).not())
        .and_where(other(Column::DeletedAt).is_null().or(other(Column::DeletedAt).gt(now.millis())))
        .and_where(is_newer)
        .to_owned();
    Expr::exists(preferred).not()
}

/// The stored project id; nil stands for "no project", as in series.
fn owner(project: Option<ProjectId>) -> Uuid {
    project.map_or(Uuid::nil(), |id| id.uuid())
}

/// The document, or an empty text if it exceeds [`MAX_DOCUMENT_BYTES`].
fn storable_document(document: &str) -> &str {
    if document.len() <= MAX_DOCUMENT_BYTES { document } else { "" }
}
