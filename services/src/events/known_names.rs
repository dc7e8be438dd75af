//! What the events of a batch name, looked up once for all of them.

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

use super::line::{Code, Line, Usage, Wrong};
use crate::{
    Actor, ServiceResult, Services,
    entities::{self, api_keys, memberships, projects},
    metering::{CallRecord, new_call_id},
    models::{
        Catalog,
        prices::{self, Version},
    },
};

/// How many ids one query asks for: databases take only so many parameters.
const AT_ONCE: usize = 5_000;

/// What the actor's organization has of what the events name, and what models cost.
pub(super) struct Known {
    /// When each was archived.
    projects: HashMap<Uuid, Option<Timestamp>>,
    /// Project and maker of each.
    keys: HashMap<Uuid, (Option<Uuid>, Option<Uuid>)>,
    members: HashSet<Uuid>,
    /// In the order in which they held.
    prices: HashMap<String, Vec<Version>>,
    catalog: Catalog,
}

impl Known {
    pub(super) async fn look_up(services: &Services, actor: &Actor, lines: &[Line]) -> ServiceResult<Self> {
        let database = services.database().read();
        let organization = actor.organization.id;
        let named = |id: fn(&Usage) -> Option<Uuid>| -> BTreeSet<Uuid> {
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
        // A key stands for its project, where the event names none.
        let mut wanted = named(|usage| usage.project_id.map(ProjectId::uuid));
        wanted.extend(keys.values().filter_map(|(project, _)| *project));
        let mut projects = HashMap::new();
        for ids in chunks(wanted) {
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

    /// The call that an event tells of, or why it isn't taken.
    pub(super) fn call(&self, actor: &Actor, line: &Line) -> ServiceResult<Result<CallRecord, Wrong>> {
        let usage = &line.usage;
        let place = match self.place(usage, line.at) {
            Ok(place) => place,
            Err(wrong) => return Ok(Err(wrong)),
        };
        let (cost, price_id) = self.cost(usage, line.at);
        Ok(Ok(CallRecord {
            id: new_call_id(line.at),
            organization_id: actor.organization.id,
            time_zone: actor.organization.time_zone,
            project_id: place.project,
            // None, as the tables say it.
            api_key_id: usage.api_key_id.unwrap_or(ApiKeyId::new(Uuid::nil())),
            secret_id: SecretId::new(Uuid::nil()),
            member_id: place.member,
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
        }))
    }

    /// Whose call it was. What belongs to others is answered like what doesn't exist.
    fn place(&self, usage: &Usage, at: Timestamp) -> Result<Place, Wrong> {
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
                let message = "This project was archived by then, so it takes no calls.";
                return Err(Wrong::new(Code::ProjectArchived, "data.project_id", message));
            }
        }
        Ok(Place { project: project.map(ProjectId::new), member: usage.member_id.or(key.1.map(UserId::new)) })
    }

    /// What it cost by the price of its moment. Where that isn't known, neither is the cost.
    fn cost(&self, usage: &Usage, at: Timestamp) -> (Cost, Option<PriceId>) {
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

struct Place {
    project: Option<ProjectId>,
    member: Option<UserId>,
}

fn unknown(param: &'static str, what: &str) -> Wrong {
    Wrong::new(Code::NotFound, param, format!("Your organization has no {what} with this id."))
}

/// Every version of the prices of these models.
async fn price_versions(
    database: &impl ConnectionTrait,
    models: BTreeSet<&str>,
) -> ServiceResult<HashMap<String, Vec<Version>>> {
    let mut versions: HashMap<String, Vec<Version>> = HashMap::new();
    for names in chunks(models) {
        let rows = entities::prices::Entity::find()
            .filter(entities::prices::Column::Model.is_in(names))
            .order_by_asc(entities::prices::Column::EffectiveFrom)
            .all(database)
            .await?;
        for row in rows {
            let version = Version::of(&row);
            versions.entry(row.model).or_default().push(version);
        }
    }
    Ok(versions)
}

fn chunks<T: Clone>(wanted: BTreeSet<T>) -> Vec<Vec<T>> {
    let wanted: Vec<T> = wanted.into_iter().collect();
    wanted.chunks(AT_ONCE).map(<[T]>::to_vec).collect()
}
