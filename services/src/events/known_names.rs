//! Looks up the keys, projects, members and prices that a batch of events names.

use std::{
    collections::{BTreeSet, HashMap, HashSet},
    sync::Arc,
};

use domain::{
    calls::Outcome,
    ids::{ApiKeyId, PriceId, ProjectId, SecretId, UserId},
    models::Service,
    money::{Cost, Money, Quantities},
    time::Timestamp,
};
use sea_orm::{ColumnTrait, ConnectionTrait, EntityTrait, QueryFilter, QueryOrder, QuerySelect};
use uuid::Uuid;

use super::line::{EventError, EventErrorCode, EventLine, EventUsage};
use crate::{
    Actor, ServiceResult, Services,
    entities::{self, api_keys, memberships, projects},
    metering::{CallRecord, new_call_id},
    models::{
        Catalog,
        prices::{self, PriceVersion},
    },
};

/// Number of ids in one query, since databases limit parameters.
const BATCH_SIZE: usize = 5_000;

/// Projects, keys and members of the actor's organization that the events name, and prices of their models.
pub(super) struct KnownNames {
    /// When each project was archived.
    projects: HashMap<Uuid, Option<Timestamp>>,
    /// Each key's project and creator.
    keys: HashMap<Uuid, (Option<Uuid>, Option<Uuid>)>,
    members: HashSet<Uuid>,
    /// Each model's prices, by time.
    prices: HashMap<String, Vec<PriceVersion>>,
    catalog: Catalog,
}

impl KnownNames {
    pub(super) async fn look_up(services: &Services, actor: &Actor, lines: &[EventLine]) -> ServiceResult<Self> {
        let database = services.database().read();
        let organization = actor.organization.id;
        let named = |id: fn(&EventUsage) -> Option<Uuid>| -> BTreeSet<Uuid> {
            lines.iter().filter_map(|line| id(&line.usage)).collect()
        };
        let mut keys = HashMap::new();
        for ids in chunks(named(|usage| usage.api_key_id.map(ApiKeyId::uuid))) {
            let columns = [api_keys::Column::Id, api_keys::Column::ProjectId, api_keys::Column::CreatedBy];
            let query =
                api_keys::of(organization).select_only().columns(columns).filter(api_keys::Column::Id.is_in(ids));
            let rows = query.into_tuple::<(Uuid, Option<Uuid>, Option<Uuid>)>().all(database).await?;
            keys.extend(rows.into_iter().map(|(id, project, maker)| (id, (project, maker))));
        }
        // If an event names a key and no project, the call belongs to the key's project.
        let mut project_ids = named(|usage| usage.project_id.map(ProjectId::uuid));
        project_ids.extend(keys.values().filter_map(|(project, _)| *project));
        let mut projects = HashMap::new();
        for ids in chunks(project_ids) {
            let columns = [projects::Column::Id, projects::Column::ArchivedAt];
            let query =
                projects::of(organization).select_only().columns(columns).filter(projects::Column::Id.is_in(ids));
            let rows = query.into_tuple::<(Uuid, Option<i64>)>().all(database).await?;
            projects.extend(rows.into_iter().map(|(id, archived)| (id, archived.map(Timestamp::from_millis))));
        }
        let mut members = HashSet::new();
        for ids in chunks(named(|usage| usage.member_id.map(UserId::uuid))) {
            let query = memberships::Entity::find()
                .select_only()
                .column(memberships::Column::UserId)
                .filter(memberships::Column::OrganizationId.eq(organization.uuid()))
                .filter(memberships::Column::UserId.is_in(ids));
            members.extend(query.into_tuple::<Uuid>().all(database).await?);
        }
        let models: BTreeSet<&str> =
            lines.iter().map(|line| &*line.usage.model).filter(|name| !name.is_empty()).collect();
        let prices = price_versions(database, models).await?;
        Ok(Self { projects, keys, members, prices, catalog: services.catalog.clone() })
    }

    /// Converts an event to a call, or returns the error for rejecting it.
    pub(super) fn to_call(&self, actor: &Actor, line: &EventLine) -> ServiceResult<Result<CallRecord, EventError>> {
        let usage = &line.usage;
        let owner = match self.find_owner(usage, line.at) {
            Ok(owner) => owner,
            Err(error) => return Ok(Err(error)),
        };
        let (cost, price_id) = self.cost(usage, line.at);
        Ok(Ok(CallRecord {
            id: new_call_id(line.at),
            organization_id: actor.organization.id,
            time_zone: actor.organization.time_zone,
            project_id: owner.project,
            // The nil id stands for none in the tables.
            api_key_id: usage.api_key_id.unwrap_or(ApiKeyId::new(Uuid::nil())),
            secret_id: SecretId::new(Uuid::nil()),
            member_id: owner.member,
            started_at: line.at,
            model: Arc::clone(&usage.model),
            service: usage.service.or_else(|| self.catalog.service(&usage.model)).unwrap_or(Service::Chat),
            endpoint: usage.endpoint.clone(),
            provider: Arc::clone(&usage.provider),
            status: usage.status,
            outcome: usage.outcome,
            streamed: usage.streamed,
            times: 1,
            measured: usage.measured,
            used: usage.used,
            cost: cost.known,
            unpriced: cost.unpriced,
            price_id,
            duration_us: usage.duration_us,
            first_byte_us: usage.first_byte_us,
            error_code: usage.error_code.clone(),
            rejection: None,
            tags: usage.tags.clone(),
            client_request_id: None,
            attempts: Vec::new(),
            body_exclusion: None,
        }))
    }

    /// Finds the project and member of a call. Ids of other organizations get the error for unknown ones.
    fn find_owner(&self, usage: &EventUsage, at: Timestamp) -> Result<CallOwner, EventError> {
        let key = match usage.api_key_id {
            Some(id) => *self.keys.get(&id.uuid()).ok_or_else(|| unknown("data.api_key_id", "key"))?,
            None => (None, None),
        };
        if let Some(id) = usage.member_id
            && !self.members.contains(&id.uuid())
        {
            return Err(unknown("data.member_id", "member"));
        }
        let project = usage.project_id.map(ProjectId::uuid).or(key.0);
        if let Some(id) = project {
            let archived = self.projects.get(&id).ok_or_else(|| unknown("data.project_id", "project"))?;
            if archived.is_some_and(|since| at >= since) {
                let message = "This project was archived at that time.";
                return Err(EventError::new(EventErrorCode::ProjectArchived, "data.project_id", message));
            }
        }
        Ok(CallOwner { project: project.map(ProjectId::new), member: usage.member_id.or(key.1.map(UserId::new)) })
    }

    /// The cost at the price of the call's time; unknown without a price.
    fn cost(&self, usage: &EventUsage, at: Timestamp) -> (Cost, Option<PriceId>) {
        let unused = usage.outcome == Outcome::Failed && usage.used == Quantities::default();
        if unused || usage.outcome == Outcome::Refused {
            return (Cost { known: Some(Money::ZERO), ..Cost::default() }, None);
        }
        let versions = self.prices.get(&*usage.model).map(Vec::as_slice).unwrap_or_default();
        match prices::at(versions, at) {
            Some((id, price)) => {
                let cost = price.cost_of(usage.used);
                (cost, cost.known.map(|_| id))
            }
            None => (Cost::default(), None),
        }
    }
}

/// The project and member that a call belongs to.
struct CallOwner {
    project: Option<ProjectId>,
    member: Option<UserId>,
}

fn unknown(param: &'static str, kind: &str) -> EventError {
    EventError::new(EventErrorCode::NotFound, param, format!("Your organization has no {kind} with this ID."))
}

/// Loads all versions of these models' prices.
async fn price_versions(
    database: &impl ConnectionTrait,
    models: BTreeSet<&str>,
) -> ServiceResult<HashMap<String, Vec<PriceVersion>>> {
    let mut versions: HashMap<String, Vec<PriceVersion>> = HashMap::new();
    for names in chunks(models) {
        let rows = entities::prices::Entity::find()
            .filter(entities::prices::Column::Model.is_in(names))
            .order_by_asc(entities::prices::Column::EffectiveFrom)
            .all(database)
            .await?;
        for row in rows {
            let version = PriceVersion::of(&row);
            versions.entry(row.model).or_default().push(version);
        }
    }
    Ok(versions)
}

fn chunks<T: Clone>(values: BTreeSet<T>) -> Vec<Vec<T>> {
    let values: Vec<T> = values.into_iter().collect();
    values.chunks(BATCH_SIZE).map(<[T]>::to_vec).collect()
}
