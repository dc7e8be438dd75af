//! Signing in with a password.

use domain::{accounts::SignIn, errors::FieldErrors, ids::UserId};
use sea_orm::{ColumnTrait, EntityTrait, QueryFilter};

use super::{Device, SignedIn, failure_log, members, sessions};
use crate::{
    ServiceError, ServiceResult, Services,
    audit::{self, Author, Deed},
    entities::users,
    security::Kind,
};

const ROUTE: &str = "/api/accounts/sign_in";

/// Opens a session for who shows the right password.
///
/// A wrong password and an unknown address get the same answer after the same time.
pub async fn sign_in(services: &Services, input: SignIn, device: &Device) -> ServiceResult<SignedIn> {
    sign_in_again(services, input, device, None).await
}

/// The same in a browser that shows this token, whose session ends: nobody has two in one browser.
pub async fn sign_in_again(
    services: &Services,
    input: SignIn,
    device: &Device,
    shown: Option<&str>,
) -> ServiceResult<SignedIn> {
    let input = input.validated()?;
    let attempt = failure_log::attempt(services, device, &input.email, ROUTE).await?;
    let user = users::Entity::find()
        .filter(users::Column::Email.eq(input.email.as_str()))
        .one(services.database.read())
        .await?;
    let hash = user.as_ref().and_then(|user| user.password_hash.clone());
    let right = services.passwords.verify(&input.password, hash).await?;
    let Some(user) = user.as_ref().filter(|_| right) else {
        failure_log::tell(services, user.as_ref(), device, Kind::SignInFailed, ROUTE);
        return Err(wrong());
    };
    attempt.succeeded(services).await?;

    let transaction = services.database.begin().await?;
    // The password may have changed while this one was checked.
    let current = users::Entity::find_by_id(user.id).one(&transaction).await?;
    let user = current.filter(|current| current.password_hash == user.password_hash).ok_or_else(wrong)?;
    let user_id = UserId::new(user.id);
    let (token, session_id) = sessions::open(services, &transaction, services.now(), user_id, device).await?;
    sessions::end_shown(services, &transaction, shown, device).await?;
    let author = Author::member(user_id, &user.name, device.ip);
    let organizations = members::organizations_of(&transaction, user_id).await?;
    let deed = || Deed::new("session.signed_in", "session", session_id);
    audit::record_everywhere(&transaction, services.now(), organizations, &author, deed).await?;
    transaction.commit().await?;
    Ok(SignedIn { token, user: sessions::signed_in(user, session_id) })
}

fn wrong() -> ServiceError {
    FieldErrors::of("password", "The address or the password is wrong.").into()
}
