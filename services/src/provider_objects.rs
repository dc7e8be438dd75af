//! What providers keep for whom: files, jobs, and answers that can be asked for again.
//!
//! All organizations share the operator's account with a provider, so the provider can't tell whose an object is: this
//! table does. An object belongs to the project (or, without one, to the organization) of the key that made it, and
//! whoever else asks for it gets the answer for something that doesn't exist. Two providers may keep different things under
//! one id.

mod job_results;
mod kind;
mod lookup;
pub mod storage;

use domain::{
    ids::{OrganizationId, PriceId, ProjectId},
    time::Timestamp,
};
use sea_orm::{
    ActiveValue::Set,
    ColumnTrait, Condition, EntityTrait, Iterable, Order, QueryFilter, QueryOrder, QuerySelect,
    sea_query::{Expr, ExprTrait, OnConflict},
};
use uuid::Uuid;

pub use self::job_results::{Settled, due, postpone, remember_results, settle};
pub use self::kind::Kind;
pub use self::lookup::{Kept, whose};

use crate::{
    ServiceResult, Services,
    api_keys::directory::KeyRecord,
    database::DatabaseTransaction,
    entities::provider_objects::{ActiveModel, Column, Entity, Model},
    metering::new_call_id,
};

/// Longest id, in bytes, that is remembered: providers' are below 100.
pub const LONGEST_ID: usize = 200;
/// Largest document that is kept, in bytes: a fine-tuning job's is some KiB, a file's below one.
const LARGEST_DOCUMENT: usize = 256 * 1024;
/// Most objects on a page of a list: what OpenAI's lists take.
const MOST_ON_PAGE: u64 = 10_000;

/// Something that a provider keeps.
#[derive(Clone, Debug)]
pub struct Object(Model);

/// Something that a provider was just asked to keep.
#[derive(Clone, Debug)]
pub struct NewObject<'a> {
    pub kind: Kind,
    pub id: &'a str,
    pub provider: &'a str,
    /// Empty for what no model made.
    pub model: &'a str,
    pub price_id: Option<PriceId>,
    /// The moment of the call that made it.
    pub created_at: Timestamp,
    /// When it is gone by itself.
    pub expires_at: Option<Timestamp>,
    /// Of a file.
    pub bytes: i64,
    /// When to ask whether the job is done; `None` for what is no job.
    pub look_at: Option<Timestamp>,
    /// What the provider said, where lists show it.
    pub document: &'a str,
}

/// Which objects to list.
#[derive(Clone, Debug)]
pub struct Page<'a> {
    /// Only those behind this one.
    pub after: Option<&'a Object>,
    pub limit: u64,
    /// Only those that this model made.
    pub model: Option<&'a str>,
    pub oldest_first: bool,
}

impl Object {
    pub fn kind(&self) -> Option<Kind> {
        self.0.kind.parse().ok()
    }

    pub fn id(&self) -> &str {
        &self.0.id
    }

    pub fn provider(&self) -> &str {
        &self.0.provider
    }

    pub fn model(&self) -> &str {
        &self.0.model
    }

    /// What the provider said of it last, as JSON; empty where that isn't kept.
    pub fn document(&self) -> &str {
        &self.0.document
    }

    /// Whether what it used isn't known yet.
    pub fn is_pending(&self) -> bool {
        self.0.look_at.is_some()
    }
}

/// Whether this can be the id of something that is remembered: databases needn't be asked for others.
pub fn is_id(text: &str) -> bool {
    !text.is_empty() && text.len() <= LONGEST_ID && !text.chars().any(char::is_control)
}

/// Remembers an object for whoever holds `key`. What is remembered already stays theirs who made it.
pub async fn remember(services: &Services, key: &KeyRecord, new: NewObject<'_>) -> ServiceResult<()> {
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
        document: kept(new.document).to_owned(),
    };
    insert(services, model).await
}

async fn insert(services: &Services, model: Model) -> ServiceResult<()> {
    let now = services.now();
    let is_key =
        |column: &Column| matches!(column, Column::OrganizationId | Column::Kind | Column::Id | Column::Provider);
    let all = Column::iter().filter(|column| !is_key(column));
    // An id of something that was deleted may stand for something new; all others stay whose they are.
    let mut replaced = Condition::any().add(Expr::col((Entity, Column::DeletedAt)).lte(now.millis()));
    let transaction = services.database.begin().await?;
    if model.look_at.is_some() {
        // So does the id of a job that is over: its provider counts from one again.
        replaced = replaced.add(Expr::col((Entity, Column::LookAt)).is_null());
        forget_of_others(&transaction, &model, now).await?;
    }
    let known =
        OnConflict::columns(Column::iter().filter(is_key)).update_columns(all).action_cond_where(replaced).to_owned();
    Entity::insert(ActiveModel::from(model)).on_conflict(known).exec_without_returning(&transaction).await?;
    Ok(transaction.commit().await?)
}

/// Forgets jobs that are over of other organizations and projects, by whose id the provider calls a new one: they would be
/// answered with what isn't theirs.
async fn forget_of_others(transaction: &DatabaseTransaction, new: &Model, now: Timestamp) -> ServiceResult<()> {
    let owners =
        Condition::all().add(Column::OrganizationId.eq(new.organization_id)).add(Column::ProjectId.eq(new.project_id));
    Entity::update_many()
        .set(ActiveModel { deleted_at: Set(Some(now.millis())), ..ActiveModel::default() })
        .filter(Expr::cust("lower(id)").eq(new.id.to_lowercase()))
        .filter(Column::Id.eq(new.id.as_str()))
        .filter(Column::Kind.eq(new.kind.as_str()))
        .filter(Column::Provider.eq(new.provider.as_str()))
        .filter(Column::LookAt.is_null())
        .filter(lives(now))
        .filter(owners.not())
        .exec(transaction)
        .await?;
    Ok(())
}

/// The object with this id, if it is of this project (or of none) and wasn't deleted; of several, which providers with numbers
/// for ids may have, the one that was made last.
pub async fn find(
    services: &Services,
    organization: OrganizationId,
    project: Option<ProjectId>,
    kind: Kind,
    id: &str,
) -> ServiceResult<Option<Object>> {
    find_where(services, organization, project, kind, id, Condition::all()).await
}

/// The same of this provider.
pub async fn find_at(
    services: &Services,
    provider: &str,
    organization: OrganizationId,
    project: Option<ProjectId>,
    kind: Kind,
    id: &str,
) -> ServiceResult<Option<Object>> {
    let theirs = Condition::all().add(Column::Provider.eq(provider));
    find_where(services, organization, project, kind, id, theirs).await
}

async fn find_where(
    services: &Services,
    organization: OrganizationId,
    project: Option<ProjectId>,
    kind: Kind,
    id: &str,
    condition: Condition,
) -> ServiceResult<Option<Object>> {
    if !is_id(id) {
        return Ok(None);
    }
    let found = Entity::find()
        .filter(Column::OrganizationId.eq(organization.uuid()))
        .filter(Column::Kind.eq(kind.name()))
        .filter(Column::Id.eq(id))
        .filter(Column::ProjectId.eq(owner(project)))
        .filter(condition)
        .filter(lives(services.now()))
        .order_by_desc(Column::CreatedAt)
        .order_by_desc(Column::Provider)
        .one(services.database.read())
        .await?;
    Ok(found.map(Object))
}

/// A page of what this project (or whoever has none) keeps, and whether there is more.
pub async fn list(
    services: &Services,
    organization: OrganizationId,
    project: Option<ProjectId>,
    kind: Kind,
    page: Page<'_>,
) -> ServiceResult<(Vec<Object>, bool)> {
    let mut query = Entity::find()
        .filter(Column::OrganizationId.eq(organization.uuid()))
        .filter(Column::ProjectId.eq(owner(project)))
        .filter(Column::Kind.eq(kind.name()))
        .filter(lives(services.now()))
        .filter(is_what_its_id_leads_to(services.now()));
    if kind.is_described() {
        query = query.filter(Column::Document.ne(""));
    }
    if let Some(model) = page.model {
        query = query.filter(Column::Model.eq(model));
    }
    if let Some(Object(last)) = page.after {
        let (moment, id, provider) = (last.created_at, last.id.as_str(), last.provider.as_str());
        let later = |column: Column, value: sea_orm::Value| {
            if page.oldest_first { column.gt(value) } else { column.lt(value) }
        };
        let then = |same: Condition, column, value| same.add(later(column, value));
        let same_moment = Condition::all().add(Column::CreatedAt.eq(moment));
        let same_id = same_moment.clone().add(Column::Id.eq(id));
        let beyond = Condition::any()
            .add(later(Column::CreatedAt, moment.into()))
            .add(then(same_moment, Column::Id, id.into()))
            .add(then(same_id, Column::Provider, provider.into()));
        query = query.filter(beyond);
    }
    let order = if page.oldest_first { Order::Asc } else { Order::Desc };
    for column in [Column::CreatedAt, Column::Id, Column::Provider] {
        query = query.order_by(column, order.clone());
    }
    let limit = page.limit.clamp(1, MOST_ON_PAGE);
    let mut rows = query.limit(limit + 1).all(services.database.read()).await?;
    let size = usize::try_from(limit).unwrap_or(usize::MAX);
    let more = rows.len() > size;
    rows.truncate(size);
    Ok((rows.into_iter().map(Object).collect(), more))
}

/// Keeps what the provider says of an object now.
pub async fn refresh(services: &Services, object: &Object, document: &str) -> ServiceResult<()> {
    if object.0.document.is_empty() || object.0.document == document || kept(document).is_empty() {
        return Ok(());
    }
    update(services, object, ActiveModel { document: Set(document.to_owned()), ..ActiveModel::default() }).await
}

/// Forgets an object that its provider keeps no more. Storage is counted up to this moment.
pub async fn forget(services: &Services, object: &Object) -> ServiceResult<()> {
    let deleted_at = Set(Some(services.now().millis()));
    update(services, object, ActiveModel { deleted_at, ..ActiveModel::default() }).await
}

async fn update(services: &Services, object: &Object, change: ActiveModel) -> ServiceResult<()> {
    let transaction = services.database.begin().await?;
    Entity::update_many().set(change).filter(is(object)).exec(&transaction).await?;
    Ok(transaction.commit().await?)
}

fn is(object: &Object) -> Condition {
    Condition::all()
        .add(Column::OrganizationId.eq(object.0.organization_id))
        .add(Column::Kind.eq(object.0.kind.as_str()))
        .add(Column::Id.eq(object.0.id.as_str()))
        .add(Column::Provider.eq(object.0.provider.as_str()))
}

/// Not deleted, and not expired.
fn lives(now: Timestamp) -> Condition {
    Condition::any().add(Column::DeletedAt.is_null()).add(Expr::col(Column::DeletedAt).gt(now.millis()))
}

/// Of several with one id, as [`find`] chooses.
fn is_what_its_id_leads_to(now: Timestamp) -> Expr {
    let now = now.millis();
    Expr::cust(format!(
        "NOT EXISTS (SELECT 1 FROM provider_objects o WHERE o.organization_id = provider_objects.organization_id \
         AND o.kind = provider_objects.kind AND o.id = provider_objects.id AND o.provider <> provider_objects.provider \
         AND o.project_id = provider_objects.project_id AND (o.deleted_at IS NULL OR o.deleted_at > {now}) \
         AND (o.created_at > provider_objects.created_at \
         OR o.created_at = provider_objects.created_at AND o.provider > provider_objects.provider))"
    ))
}

/// Nil stands for "no project", as it does in series.
fn owner(project: Option<ProjectId>) -> Uuid {
    project.map_or(Uuid::nil(), |id| id.uuid())
}

fn kept(document: &str) -> &str {
    if document.len() <= LARGEST_DOCUMENT { document } else { "" }
}
