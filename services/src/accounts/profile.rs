//! Changes that users make to their own account.

use domain::{accounts::PasswordChange, errors::FieldErrors, validation};
use sea_orm::{ColumnTrait, EntityTrait, QueryFilter, sea_query::Expr};
use serde_json::json;

use super::{Device, SignedIn, SignedInUser, confirm::confirm, members, sessions};
use crate::{
    ServiceError, ServiceResult, Services,
    audit::{self, AuditAuthor, AuditEvent},
    entities::users,
};

const ROUTE: &str = "/api/accounts/change_password";

/// Changes the user's own name.
pub async fn rename(services: &Services, user: &SignedInUser, name: &str, device: &Device) -> ServiceResult<()> {
    let name = validation::name(name).map_err(|reason| FieldErrors::of("name", reason))?;
    let transaction = services.database.begin().await?;
    users::Entity::update_many()
        .col_expr(users::Column::Name, Expr::value(name.as_str()))
        .filter(users::Column::Id.eq(user.user_id.uuid()))
        .exec(&transaction)
        .await?;
    let author = AuditAuthor::member(user.user_id, &user.name, device.ip);
    let organizations = members::organizations_of(&transaction, user.user_id).await?;
    let (before, after) = (json!({ "name": user.name }), json!({ "name": name }));
    let event = AuditEvent::new("user.renamed", "user", user.user_id).before(before)?.after(after)?;
    audit::record_everywhere(&transaction, services.now(), organizations, &author, || event.clone()).await?;
    Ok(transaction.commit().await?)
}

/// Returns words that an attacker who guesses a user's password may know about them.
async fn personal_words(services: &Services, user: &SignedInUser) -> ServiceResult<Vec<String>> {
    let organizations = members::names_of_organizations(services.database.read(), user.user_id).await?;
    Ok([user.name.clone(), user.email.clone()].into_iter().chain(organizations).collect())
}

/// Changes the user's own password, ends all sessions, and opens a new one in place of the current one.
pub async fn change_password(
    services: &Services,
    user: &SignedInUser,
    input: PasswordChange,
    device: &Device,
) -> ServiceResult<SignedIn> {
    let input = input.validated()?;
    let (row, attempt) = confirm(services, user, ("current", &input.current), device, ROUTE).await?;
    let words = personal_words(services, user).await?;
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    let judged = services.passwords.judge(&input.new, &words).await?;
    judged.map_err(|reason| FieldErrors::of("new", reason))?;
    attempt.mark_succeeded(services).await?;
    let hash = services.passwords.hash(&input.new).await?;

    let now = services.now();
    let transaction = services.database.begin().await?;
    let changed = users::Entity::update_many()
        .col_expr(users::Column::PasswordHash, Expr::value(hash))
        .filter(users::Column::Id.eq(row.id))
        .filter(users::Column::PasswordHash.eq(row.password_hash))
        .exec(&transaction)
        .await?;
    if changed.rows_affected == 0 {
        return Err(ServiceError::Conflict("The password was changed in the meantime.".to_owned()));
    }
    sessions::end_all(&transaction, user.user_id).await?;
    let (token, session_id) = sessions::open(services, &transaction, now, user.user_id, device).await?;
    let author = AuditAuthor::member(user.user_id, &user.name, device.ip);
    let organizations = members::organizations_of(&transaction, user.user_id).await?;
    let event = || AuditEvent::new("user.password_changed", "user", user.user_id);
    audit::record_everywhere(&transaction, now, organizations, &author, event).await?;
    transaction.commit().await?;
    Ok(SignedIn { token, user: SignedInUser { session_id, ..user.clone() } })
}
