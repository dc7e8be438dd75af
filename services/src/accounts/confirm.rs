//! Asks for the password again, before actions that a borrowed browser shouldn't allow.

use domain::errors::FieldErrors;
use sea_orm::EntityTrait;

use super::{Device, SignedInUser, failure_log, guess_limiter::PasswordAttempt};
use crate::{ServiceError, ServiceResult, Services, entities::users, security::SecurityEventKind};

/// Verifies the password of `user`. Returns their row, and an attempt that counts as failed until it is
/// marked as succeeded.
///
/// # Errors
/// One for `field`, if the password is wrong.
pub(super) async fn confirm(
    services: &Services,
    user: &SignedInUser,
    (field, password): (&str, &str),
    device: &Device,
    route: &'static str,
) -> ServiceResult<(users::Model, PasswordAttempt)> {
    if password.is_empty() {
        return Err(FieldErrors::of(field, "Enter your current password.").into());
    }
    let attempt = failure_log::attempt(services, device, &user.email, route).await?;
    let row = users::Entity::find_by_id(user.user_id.uuid())
        .one(services.database.read())
        .await?
        .ok_or(ServiceError::Unauthenticated)?;
    if !services.passwords.verify(password, row.password_hash.clone()).await? {
        failure_log::record_wrong_password(services, Some(&row), device, SecurityEventKind::PasswordRefused, route);
        return Err(FieldErrors::of(field, "This isn't your current password.").into());
    }
    Ok((row, attempt))
}
