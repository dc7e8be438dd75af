//! Signs users in with a password.

use domain::{accounts::SignIn, errors::FieldErrors, ids::UserId};
use sea_orm::{ColumnTrait, EntityTrait, QueryFilter};

use super::{Device, SignedIn, failure_log, members, sessions};
use crate::{
    ServiceError, ServiceResult, Services,
    audit::{self, AuditAuthor, AuditEvent},
    entities::users,
    security::SecurityEventKind,
};

const ROUTE: &str = "/api/accounts/sign_in";

/// Opens a session for a user with the right password.
///
/// A wrong password and an unknown address get the same answer after the same time.
pub async fn sign_in(services: &Services, input: SignIn, device: &Device) -> ServiceResult<SignedIn> {
    sign_in_again(services, input, device, None).await
}

/// Signs in like [`sign_in`], and ends the session of `old_token`: a browser has only one session.
pub async fn sign_in_again(
    services: &Services,
    input: SignIn,
    device: &Device,
    old_token: Option<&str>,
) -> ServiceResult<SignedIn> {
    let input = input.validated()?;
    let attempt = failure_log::attempt(services, device, &input.email, ROUTE).await?;
    let user = users::Entity::find()
        .filter(users::Column::Email.eq(input.email.as_str()))
        .one(services.database.read())
        .await?;
    let hash = user.as_ref().and_then(|user| user.password_hash.clone());
    let is_right = services.passwords.verify(&input.password, hash).await?;
    let Some(user) = user.as_ref().filter(|_| is_right) else {
        failure_log::record_wrong_password(services, user.as_ref(), device, SecurityEventKind::SignInFailed, ROUTE);
        return Err(wrong_credentials());
    };
    attempt.mark_succeeded(services).await?;

    let transaction = services.database.begin().await?;
    // The password may have changed while this one was checked.
    let current = users::Entity::find_by_id(user.id).one(&transaction).await?;
    let user = current.filter(|current| current.password_hash == user.password_hash).ok_or_else(wrong_credentials)?;
    let user_id = UserId::new(user.id);
    let (token, session_id) = sessions::open(services, &transaction, services.now(), user_id, device).await?;
    sessions::end_replaced(services, &transaction, old_token, device).await?;
    let author = AuditAuthor::member(user_id, &user.name, device.ip);
    let organizations = members::organizations_of(&transaction, user_id).await?;
    let event = || AuditEvent::new("session.signed_in", "session", session_id);
    audit::record_everywhere(&transaction, services.now(), organizations, &author, event).await?;
    transaction.commit().await?;
    Ok(SignedIn { token, user: sessions::signed_in_user(user, session_id) })
}

fn wrong_credentials() -> ServiceError {
    FieldErrors::of("password", "Incorrect email or password.").into()
}
