//! Administration of accounts on the command line.

use domain::{errors::FieldErrors, ids::UserId, permissions::Role, validation};
use sea_orm::{ColumnTrait, EntityTrait, QueryFilter, sea_query::Expr};

use super::{members, sessions, sign_up};
use crate::{
    OperatorSource, Organization, ServiceResult, Services,
    audit::{self, AuditAuthor, AuditChain, AuditEvent},
    database::DatabaseTransaction,
    entities::{memberships, users},
};

/// A user to make a member.
#[derive(Clone)]
pub struct NewUser {
    pub email: String,
    pub name: String,
    pub role: Role,
    pub password: String,
}

/// Creates a user as a member of `organization`.
pub async fn create_user(services: &Services, organization: &Organization, user: NewUser) -> ServiceResult<UserId> {
    let mut errors = FieldErrors::default();
    let email = errors.check("email", validation::email(&user.email)).unwrap_or_default();
    let name = errors.check("name", validation::name(&user.name)).unwrap_or_default();
    let personal_words = [name.as_str(), &email, &organization.name];
    errors.check("password", services.passwords.judge(&user.password, &personal_words).await?);
    errors.into_result()?;
    let hash = services.passwords.hash(&user.password).await?;

    let now = services.now();
    let transaction = services.database.begin().await?;
    let row = sign_up::add_user(&transaction, now, &email, &name, hash).await?;
    let author = AuditAuthor::operator(OperatorSource::CommandLine);
    sign_up::add_member(&transaction, now, organization.id, &row, user.role, &author).await?;
    transaction.commit().await?;
    Ok(UserId::new(row.id))
}

/// Makes the user who has this address a member of `organization`; their name and password stay. Returns
/// `None` if nobody has an account with it.
pub async fn add_existing_user(
    services: &Services,
    organization: &Organization,
    email: &str,
    role: Role,
) -> ServiceResult<Option<UserId>> {
    let email = validation::email(email).map_err(|reason| FieldErrors::of("email", reason))?;
    let transaction = services.database.begin().await?;
    let Some(user) = users::Entity::find().filter(users::Column::Email.eq(email)).one(&transaction).await? else {
        return Ok(None);
    };
    let membership = memberships::Entity::find()
        .filter(memberships::Column::OrganizationId.eq(organization.id.uuid()))
        .filter(memberships::Column::UserId.eq(user.id));
    if membership.one(&transaction).await?.is_some() {
        let message = format!("This user is already a member of {}.", organization.name);
        return Err(FieldErrors::of("email", message).into());
    }
    let author = AuditAuthor::operator(OperatorSource::CommandLine);
    sign_up::add_member(&transaction, services.now(), organization.id, &user, role, &author).await?;
    transaction.commit().await?;
    Ok(Some(UserId::new(user.id)))
}

/// Sets a user's password, such as when they forgot theirs, and ends all their sessions.
pub async fn set_password(services: &Services, email: &str, password: &str) -> ServiceResult<()> {
    let user = find(services, email).await?;
    let organizations = members::names_of_organizations(services.database.read(), UserId::new(user.id)).await?;
    let personal_words: Vec<&str> =
        [&user.name, &user.email].into_iter().chain(&organizations).map(String::as_str).collect();
    let judged = services.passwords.judge(password, &personal_words).await?;
    judged.map_err(|reason| FieldErrors::of("password", reason))?;
    let hash = services.passwords.hash(password).await?;
    let transaction = services.database.begin().await?;
    users::Entity::update_many()
        .col_expr(users::Column::PasswordHash, Expr::value(hash))
        .filter(users::Column::Id.eq(user.id))
        .exec(&transaction)
        .await?;
    sessions::end_all(&transaction, UserId::new(user.id)).await?;
    record(services, &transaction, None, "user.password_set", UserId::new(user.id)).await?;
    Ok(transaction.commit().await?)
}

/// Makes a user an operator of this installation.
pub async fn grant_operator(services: &Services, email: &str) -> ServiceResult<()> {
    let user = find(services, email).await?;
    let transaction = services.database.begin().await?;
    users::Entity::update_many()
        .col_expr(users::Column::IsOperator, Expr::value(true))
        .filter(users::Column::Id.eq(user.id))
        .exec(&transaction)
        .await?;
    let installation = Some(AuditChain::Installation);
    record(services, &transaction, installation, "user.operator_granted", UserId::new(user.id)).await?;
    Ok(transaction.commit().await?)
}

async fn find(services: &Services, email: &str) -> ServiceResult<users::Model> {
    let email = validation::email(email).map_err(|reason| FieldErrors::of("email", reason))?;
    users::Entity::find()
        .filter(users::Column::Email.eq(email))
        .one(services.database.read())
        .await?
        .ok_or_else(|| FieldErrors::of("email", "No account has this email address.").into())
}

/// Records an act in the chains of the user's organizations, and in `other`.
async fn record(
    services: &Services,
    transaction: &DatabaseTransaction,
    other: Option<AuditChain>,
    action: &'static str,
    user_id: UserId,
) -> ServiceResult<()> {
    let organizations = members::organizations_of(transaction, user_id).await?;
    let chains = organizations.into_iter().map(AuditChain::from).chain(other);
    let author = AuditAuthor::operator(OperatorSource::CommandLine);
    let event = || AuditEvent::new(action, "user", user_id);
    audit::record_everywhere(transaction, services.now(), chains, &author, event).await
}
