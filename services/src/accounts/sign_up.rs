//! Signing up: an account with an organization of its own.

use domain::{accounts::SignUp, errors::FieldErrors, ids::UserId, permissions::Role, time::Timestamp};
use sea_orm::{ActiveValue::Set, ColumnTrait, EntityTrait, QueryFilter, TryInsertResult};
use serde_json::json;

use super::{Device, SignedIn, SignedInUser, failure_log, sessions, setup};
use crate::{
    ServiceResult, Services,
    address_limits::Doing,
    audit::{self, Author, Deed},
    database::DatabaseTransaction,
    entities::{memberships, users},
    organizations::{self, Founder},
    random,
    security::{Event, Kind},
};

const ROUTE: &str = "/api/accounts/sign_up";

/// Makes a user, their organization with a first project, and a session.
pub async fn sign_up(services: &Services, input: SignUp, device: &Device) -> ServiceResult<SignedIn> {
    sign_up_in_place_of(services, input, device, None).await
}

/// The same in a browser that shows this token, whose session ends.
pub async fn sign_up_in_place_of(
    services: &Services,
    input: SignUp,
    device: &Device,
    shown: Option<&str>,
) -> ServiceResult<SignedIn> {
    let input = input.validated()?;
    // Before anything that takes time. It counts as a failure until it has succeeded, so that nobody tries out who has an
    // account here.
    services.address_limits.take(Doing::SignUp, device.ip)?;
    let attempt = failure_log::attempt(services, device, &input.email, ROUTE).await?;
    // An account counts by itself, since each may do what it likes here.
    let now = services.now();
    let account =
        services.throttle.account(now, device.ip, services.quotas.get().accounts_per_hour).inspect_err(|_| {
            services.security.note(now, Event { kind: Kind::Throttled, ip: device.ip, asker: None, route: ROUTE });
        })?;
    let about = [input.name.as_str(), &input.email, &input.organization];
    let judged = services.passwords.judge(&input.password, &about).await?;
    judged.map_err(|why| FieldErrors::of("password", why))?;
    let hash = services.passwords.hash(&input.password).await?;

    let now = services.now();
    let transaction = services.database.begin().await?;
    // Whoever comes first runs the hub, and is no stranger.
    let is_first = setup::nobody_in(&transaction).await?;
    let most_calls_per_minute = (!is_first).then_some(services.quotas.get().calls_per_minute);
    let user = add_user(&transaction, now, &input.email, &input.name, hash).await?;
    let user_id = UserId::new(user.id);
    let author = Author::member(user_id, &user.name, device.ip);
    let founder = Founder::Stranger { most_calls_per_minute };
    let organization =
        organizations::found(&transaction, now, &input.organization, &input.time_zone, founder, &author).await?;
    add_member(&transaction, now, organization.id, &user, Role::Owner, &author).await?;
    let (token, session_id) = sessions::open(services, &transaction, now, user_id, device).await?;
    sessions::end_shown(services, &transaction, shown, device).await?;
    let deed = Deed::new("session.signed_in", "session", session_id);
    audit::record(&transaction, now, organization.id, &author, deed).await?;
    transaction.commit().await?;
    attempt.succeeded(services).await?;
    account.made();
    let user = SignedInUser { last_organization: Some(organization.id), ..sessions::signed_in(user, session_id) };
    Ok(SignedIn { token, user })
}

/// Adds a user, whose address nobody else may have.
///
/// That the address is taken is said plainly: whoever signs up needs to know it, and without mail there is
/// no other way to tell only them. The throttle keeps others from finding out much.
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
        _ => Err(FieldErrors::of("email", "This address has an account already. Sign in instead.").into()),
    }
}

/// Makes `user` a member of the organization.
pub(super) async fn add_member(
    transaction: &DatabaseTransaction,
    now: Timestamp,
    organization: domain::ids::OrganizationId,
    user: &users::Model,
    role: Role,
    author: &Author,
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
    let deed = Deed::new("member.added", "user", UserId::new(user.id))
        .after(json!({ "email": user.email, "name": user.name, "role": role }))?;
    audit::record(transaction, now, organization, author, deed).await
}
