//! Asking for the password again, before what a borrowed browser shouldn't do.

use domain::errors::FieldErrors;
use sea_orm::EntityTrait;

use super::{Device, SignedInUser, failure_log, guess_limiter::Attempt};
use crate::{ServiceError, ServiceResult, Services, entities::users, security::Kind};

/// The row of `user`, who shows their password, and an attempt that counts as failed until it is said to have succeeded.
///
/// # Errors
/// Of `field`, where the password is wrong.
pub(super) async fn confirm(
    services: &Services,
    user: &SignedInUser,
    (field, password): (&str, &str),
    device: &Device,
    route: &'static str,
) -> ServiceResult<(users::Model, Attempt)> {
    if password.is_empty() {
        return Err(FieldErrors::of(field, "Enter your current password.").into());
    }
    let attempt = failure_log::attempt(services, device, &user.email, route).await?;
    let row = users::Entity::find_by_id(user.user_id.uuid())
        .one(services.database.read())
        .await?
        .ok_or(ServiceError::Unauthenticated)?;
    if !services.passwords.verify(password, row.password_hash.clone()).await? {
        failure_log::tell(services, Some(&row), device, Kind::PasswordRefused, route);
        return Err(FieldErrors::of(field, "This isn't your current password.").into());
    }
    Ok((row, attempt))
}
