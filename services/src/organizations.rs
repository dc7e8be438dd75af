//! Organizations (tenants).

use chrono_tz::Tz;
use domain::{
    api_keys::KeyPolicy,
    bodies::{BodySettings, DEFAULT_BODY_LIMIT},
    calls::DEFAULT_CALL_DAYS,
    errors::FieldErrors,
    ids::OrganizationId,
    organizations::{DEFAULT_SESSION_IDLE_MINUTES, OrganizationSettings, SettingsChanges},
    permissions::Permission,
    time::Timestamp,
    validation,
};
use sea_orm::{
    ColumnTrait, ConnectionTrait, EntityTrait, QueryFilter, QueryOrder, QuerySelect, TryInsertResult, sea_query::Expr,
};
use serde_json::json;

use crate::{
    Actor, OperatorSource, Organization, ServiceError, ServiceResult, Services,
    audit::{self, AuditAuthor, AuditEvent},
    audited_change::AuditedChange,
    changes::ChangeKind,
    database::DatabaseTransaction,
    entities::organizations,
    kept_calls, projects, random,
    slugs::{self, Naming},
};

/// Creates an organization, on the command line. `time_zone` is an IANA name.
pub async fn create(services: &Services, name: &str, time_zone: &str) -> ServiceResult<Organization> {
    let mut errors = FieldErrors::default();
    let name = errors.check("name", validation::name(name)).unwrap_or_default();
    let zone = time_zone.parse::<Tz>().map_err(|_| format!("Unknown time zone {time_zone:?}."));
    errors.check("time_zone", zone);
    errors.into_result()?;
    let transaction = services.database.begin().await?;
    let (now, author) = (services.now(), AuditAuthor::operator(OperatorSource::CommandLine));
    let organization = create_with_project(&transaction, now, &name, time_zone, Founder::Operator, &author).await?;
    transaction.commit().await?;
    Ok(organization)
}

/// The founder of an organization.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Founder {
    /// The operator, who may know all other organizations.
    Operator,
    /// A visitor who signs up.
    SignUp {
        /// Ceiling of the limit that its administrators set.
        most_calls_per_minute: Option<u32>,
    },
}

/// Creates an organization with its first project. An unknown time zone becomes UTC, since a browser may know
/// newer ones.
pub(crate) async fn create_with_project(
    transaction: &DatabaseTransaction,
    now: Timestamp,
    name: &str,
    time_zone: &str,
    founder: Founder,
    author: &AuditAuthor,
) -> ServiceResult<Organization> {
    let zone = time_zone.parse().unwrap_or(Tz::UTC);
    let row = insert(transaction, now, name, zone, founder).await?;
    let organization = Organization::from(row);
    let event = AuditEvent::new("organization.created", "organization", organization.id)
        .after(json!({ "name": organization.name, "slug": organization.slug, "time_zone": zone.name() }))?;
    if matches!(founder, Founder::Operator) {
        audit::record_installation(transaction, now, author, vec![event.clone()]).await?;
    }
    audit::record(transaction, now, organization.id, author, event).await?;
    projects::add(transaction, now, organization.id, ("Default", Naming::Plain), "", None, author).await?;
    Ok(organization)
}

async fn insert(
    transaction: &DatabaseTransaction,
    now: Timestamp,
    name: &str,
    zone: Tz,
    founder: Founder,
) -> ServiceResult<organizations::Model> {
    let id = random::uuid(now)?;
    let (naming, most_calls_per_minute) = match founder {
        Founder::Operator => (Naming::Plain, None),
        Founder::SignUp { most_calls_per_minute } => (Naming::WithRandomSuffix, most_calls_per_minute),
    };
    for slug in slugs::candidates(name, "organization", naming)? {
        let row = organizations::Model {
            id,
            slug,
            name: name.to_owned(),
            time_zone: zone.name().to_owned(),
            session_idle_minutes: i32::try_from(DEFAULT_SESSION_IDLE_MINUTES).unwrap_or(i32::MAX),
            key_expiry_required: false,
            longest_key_life_days: None,
            created_at: now.millis(),
            body_days: 0,
            body_limit: i32::try_from(DEFAULT_BODY_LIMIT).unwrap_or(i32::MAX),
            body_redact: "[]".to_owned(),
            calls_per_minute: None,
            tokens_per_minute: None,
            most_calls_per_minute: most_calls_per_minute.map(i64::from),
            call_days: None,
            // Earlier no call is as old.
            call_default_from: Some(now.plus_days(i64::from(DEFAULT_CALL_DAYS)).millis()),
            bodies_undecided: true,
        };
        let inserted = organizations::Entity::insert(organizations::ActiveModel::from(row.clone()))
            .on_conflict_do_nothing_on([organizations::Column::Slug])
            .exec_without_returning(transaction)
            .await?;
        // Otherwise the slug is taken.
        if matches!(inserted, TryInsertResult::Inserted(1..)) {
            return Ok(row);
        }
    }
    Err(ServiceError::Conflict("Choose another name.".to_owned()))
}

/// Lists all organizations by name, for the operator.
pub async fn list(services: &Services) -> ServiceResult<Vec<Organization>> {
    let rows = organizations::Entity::find()
        .order_by_asc(organizations::Column::Name)
        .order_by_asc(organizations::Column::Slug)
        .all(services.database.read())
        .await?;
    Ok(rows.into_iter().map(Organization::from).collect())
}

/// Finds the organization with this id or slug, for the operator.
pub async fn find(services: &Services, id_or_slug: &str) -> ServiceResult<Organization> {
    let condition = match id_or_slug.parse::<OrganizationId>() {
        Ok(id) => organizations::Column::Id.eq(id.uuid()),
        Err(_) => organizations::Column::Slug.eq(id_or_slug),
    };
    let row = organizations::Entity::find().filter(condition).one(services.database.read()).await?;
    row.map(Organization::from).ok_or(ServiceError::NotFound)
}

/// Loads the settings chosen by the administrators.
pub async fn settings(services: &Services, actor: &Actor) -> ServiceResult<OrganizationSettings> {
    actor.reach(Permission::ManageSettings)?;
    let row = organizations::Entity::find_by_id(actor.organization.id.uuid())
        .one(services.database.read())
        .await?
        .ok_or(ServiceError::NotFound)?;
    settings_of(&row)
}

/// Returns the organization's policy for the life of keys, which limits the form for a new one.
pub async fn key_policy(services: &Services, actor: &Actor) -> ServiceResult<KeyPolicy> {
    actor.reach(Permission::ManageApiKeys).or_else(|_| actor.reach(Permission::ManageAdminKeys))?;
    load_key_policy(services.database.read(), actor.organization.id).await
}

/// Loads an organization's policy for the life of keys.
pub(crate) async fn load_key_policy(
    database: &impl ConnectionTrait,
    organization: OrganizationId,
) -> ServiceResult<KeyPolicy> {
    let row = organizations::Entity::find_by_id(organization.uuid()).one(database).await?;
    row.map(|row| key_policy_of(&row)).ok_or(ServiceError::NotFound)
}

/// Changes the given settings and leaves all others as they are.
pub async fn update_settings(
    services: &Services,
    actor: &Actor,
    changes: impl Into<SettingsChanges>,
) -> ServiceResult<()> {
    let mut change = AuditedChange::begin(services, actor, &[Permission::ManageSettings]).await?;
    let row = organizations::Entity::find_by_id(actor.organization.id.uuid())
        .lock_exclusive()
        .one(change.transaction())
        .await?
        .ok_or(ServiceError::NotFound)?;
    let before = settings_of(&row)?;
    let settings = before.changed(changes.into())?;
    let minutes = i32::try_from(settings.session_idle_minutes).unwrap_or(i32::MAX);
    let longest_life = settings.key_policy.longest_life_days.map(|days| i32::try_from(days).unwrap_or(i32::MAX));
    organizations::Entity::update_many()
        .col_expr(organizations::Column::SessionIdleMinutes, Expr::value(minutes))
        .col_expr(organizations::Column::KeyExpiryRequired, Expr::value(settings.key_policy.expiry_required))
        .col_expr(organizations::Column::LongestKeyLifeDays, Expr::value(longest_life))
        .col_expr(organizations::Column::BodyDays, Expr::value(to_i32(settings.bodies.days.unwrap_or_default())))
        .col_expr(organizations::Column::BodyLimit, Expr::value(to_i32(settings.bodies.limit)))
        .col_expr(organizations::Column::BodyRedact, Expr::value(json!(settings.bodies.redact).to_string()))
        .col_expr(organizations::Column::BodiesUndecided, Expr::value(settings.bodies.undecided))
        .col_expr(organizations::Column::CallDays, Expr::value(settings.call_retention.days.map(to_i32)))
        .col_expr(
            organizations::Column::CallDefaultFrom,
            Expr::value(settings.call_retention.default_from.map(Timestamp::millis)),
        )
        .filter(organizations::Column::Id.eq(row.id))
        .exec(change.transaction())
        .await?;
    let event = AuditEvent::new("organization.settings_changed", "organization", actor.organization.id)
        .before(before)?
        .after(&settings)?;
    change.record(event);
    // The gateway caches the settings for bodies with the organization's keys.
    change.announce(ChangeKind::Organization, [row.id]);
    change.commit().await
}

fn to_i32(number: u32) -> i32 {
    i32::try_from(number).unwrap_or(i32::MAX)
}

/// Converts stored settings for bodies: the days, the bytes, and a JSON list of fields. They count as decided.
pub(crate) fn body_settings(days: i32, limit: i32, redact: &str) -> ServiceResult<BodySettings> {
    Ok(BodySettings {
        days: u32::try_from(days).ok().filter(|days| *days > 0),
        limit: u32::try_from(limit).unwrap_or(DEFAULT_BODY_LIMIT),
        redact: serde_json::from_str(redact)
            .map_err(|_| ServiceError::Internal("a stored list of fields can't be read".to_owned()))?,
        undecided: false,
    })
}

fn settings_of(row: &organizations::Model) -> ServiceResult<OrganizationSettings> {
    let bodies = body_settings(row.body_days, row.body_limit, &row.body_redact)?;
    // A server of the previous version sets days and leaves the mark as it is.
    let undecided = row.bodies_undecided && bodies.days.is_none();
    Ok(OrganizationSettings {
        session_idle_minutes: u32::try_from(row.session_idle_minutes).unwrap_or(DEFAULT_SESSION_IDLE_MINUTES),
        key_policy: key_policy_of(row),
        bodies: BodySettings { undecided, ..bodies },
        call_retention: kept_calls::retention(row.call_days, row.call_default_from),
    })
}

fn key_policy_of(row: &organizations::Model) -> KeyPolicy {
    KeyPolicy {
        expiry_required: row.key_expiry_required,
        longest_life_days: row.longest_key_life_days.and_then(|days| u32::try_from(days).ok()),
    }
}
