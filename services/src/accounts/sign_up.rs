//! Signs users up: an account with an organization of its own.

use domain::{accounts::SignUp, errors::FieldErrors, ids::UserId, permissions::Role, time::Timestamp};
use sea_orm::{ActiveValue::Set, ColumnTrait, EntityTrait, QueryFilter, TryInsertResult};
use serde_json::json;

use super::{Device, SignedIn, SignedInUser, failure_log, sessions, setup};
use crate::{
    ServiceResult, Services,
    address_limits::LimitedAction,
    audit::{self, AuditAuthor, AuditEvent},
    database::DatabaseTransaction,
    entities::{memberships, users},
    organizations::{self, Founder},
    random,
    security::{SecurityEvent, SecurityEventKind},
};

const ROUTE: &str = "/api/accounts/sign_up";

/// Creates a user, their organization with a first project, and a session.
pub async fn sign_up(services: &Services, input: SignUp, device: &Device) -> ServiceResult<SignedIn> {
    sign_up_in_place_of(services, input, device, None).await
}

/// Signs up like [`sign_up`], and ends the session of `old_token`, which the browser had before.
pub async fn sign_up_in_place_of(
    services: &Services,
    input: SignUp,
    device: &Device,
    old_token: Option<&str>,
) -> ServiceResult<SignedIn> {
    let input = input.validated()?;
    // Before anything slow. It counts as a failure until it has succeeded, so that outsiders can't find out
    // which addresses have an account.
    services.address_limits.count(LimitedAction::SignUp, device.ip)?;
    let attempt = failure_log::attempt(services, device, &input.email, ROUTE).await?;
    // New accounts have a limit of their own, since each may do a lot here.
    let now = services.now();
    let account = services
        .throttle
        .reserve_account(now, device.ip, services.quotas.get().accounts_per_hour)
        .inspect_err(|_| {
            services.security.record(
                now,
                SecurityEvent { kind: SecurityEventKind::Throttled, ip: device.ip, caller: None, route: ROUTE },
            );
        })?;
    let personal_words = [input.name.as_str(), &input.email, &input.organization];
    let judged = services.passwords.judge(&input.password, &personal_words).await?;
    judged.map_err(|reason| FieldErrors::of("password", reason))?;
    let hash = services.passwords.hash(&input.password).await?;

    let now = services.now();
    let transaction = services.database.begin().await?;
    // The first user runs the hub, and is no stranger.
    let is_first = setup::has_no_accounts(&transaction).await?;
    let most_calls_per_minute = (!is_first).then_some(services.quotas.get().calls_per_minute);
    let user = add_user(&transaction, now, &input.email, &input.name, hash).await?;
    let user_id = UserId::new(user.id);
    let author = AuditAuthor::member(user_id, &user.name, device.ip);
    let founder = Founder::SignUp { most_calls_per_minute };
    let organization =
        organizations::create_with_project(&transaction, now, &input.organization, &input.time_zone, founder, &author)
            .await?;
    add_member(&transaction, now, organization.id, &user, Role::Owner, &author).await?;
    let (token, session_id) = sessions::open(services, &transaction, now, user_id, device).await?;
    sessions::end_replaced(services, &transaction, old_token, device).await?;
    let event = AuditEvent::new("session.signed_in", "session", session_id);
    audit::record(&transaction, now, organization.id, &author, event).await?;
    transaction.commit().await?;
    attempt.mark_succeeded(services).await?;
    account.keep();
    let user = SignedInUser { last_organization: Some(organization.id), ..sessions::signed_in_user(user, session_id) };
    Ok(SignedIn { token, user })
}

/// Adds a user, unless another one has their address.
///
/// The error names a taken address plainly: the user needs to know, and without mail there is no way to
/// inform them alone. The throttle keeps others from finding out much.
pub(super) async fn add_user(
    transaction: &DatabaseTransaction,
    now: Timestamp,
    email: &str,
    name: &str,
    password_hash: String,
) -> ServiceResult<users::Model> {
    let user = users::Model {
        id: random::uuid(now)?,
        email: email.to_owned(),
        name: name.to_owned(),
        password_hash: Some(password_hash),
        is_operator: false,
        last_organization_id: None,
        created_at: now.millis(),
    };
    let inserted = users::Entity::insert(users::ActiveModel::from(user.clone()))
        .on_conflict_do_nothing_on([users::Column::Email])
        .exec_without_returning(transaction)
        .await?;
    match inserted {
        TryInsertResult::Inserted(1..) => Ok(user),
        _ => Err(FieldErrors::of("email", "An account with this email already exists. Sign in instead.").into()),
    }
}

/// Makes `user` a member of the organization.
pub(super) async fn add_member(
    transaction: &DatabaseTransaction,
    now: Timestamp,
    organization: domain::ids::OrganizationId,
    user: &users::Model,
    role: Role,
    author: &AuditAuthor,
) -> ServiceResult<()> {
    let membership = memberships::ActiveModel {
        organization_id: Set(organization.uuid()),
        user_id: Set(user.id),
        role: Set(role.name().to_owned()),
        suspended_at: Set(None),
        created_at: Set(now.millis()),
    };
    memberships::Entity::insert(membership).exec_without_returning(transaction).await?;
    users::Entity::update_many()
        .col_expr(users::Column::LastOrganizationId, sea_orm::sea_query::Expr::value(organization.uuid()))
        .filter(users::Column::Id.eq(user.id))
        .exec(transaction)
        .await?;
    let event = AuditEvent::new("member.added", "user", UserId::new(user.id))
        .after(json!({ "email": user.email, "name": user.name, "role": role }))?;
    audit::record(transaction, now, organization, author, event).await
}
