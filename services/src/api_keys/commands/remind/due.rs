//! Finds the reminders due at this moment, whether notified already or not.

use domain::{
    ids::{ApiKeyId, OrganizationId, SecretId},
    notifications::Notice,
    time::{DAY_MILLIS, Timestamp},
};
use sea_orm::{FromQueryResult, Statement, Value};
use uuid::Uuid;

use super::Reminder;
use crate::{ServiceResult, Services, api_keys::queries::conditions::USABLE};

/// How long before a key expires its owners are reminded, in days, the shortest first.
const BEFORE_EXPIRY_DAYS: [u32; 3] = [1, 3, 14];
/// Minutes before the end of an old secret at which owners are reminded, if it was used that recently.
const BEFORE_END_OF_GRACE_MINUTES: i64 = 60;

/// Columns of the keys `k`; `$2` is the moment, as in [`USABLE`].
const KEYS: &str = "SELECT k.organization_id, k.id AS api_key_id, k.name, k.created_by, k.created_at";
/// The keys joined with all their secrets; the newest is the one without an end.
const THEIR_SECRETS: &str =
    "FROM api_keys k JOIN key_secrets s ON s.organization_id = k.organization_id AND s.api_key_id = k.id";

#[derive(FromQueryResult)]
struct Row {
    organization_id: Uuid,
    api_key_id: Uuid,
    name: String,
    created_by: Option<Uuid>,
    created_at: i64,
    secret_id: Uuid,
    at: i64,
}

pub(super) async fn find_all(services: &Services) -> ServiceResult<Vec<Reminder>> {
    let now = services.now();
    let mut all = Vec::new();
    all.extend(find_expiring(services, now).await?.into_iter().filter_map(|row| expiration_reminder(row, now)));
    all.extend(find_to_rotate(services, now).await?.into_iter().map(rotation_reminder));
    all.extend(find_ending(services, now).await?.into_iter().map(grace_reminder));
    Ok(all)
}

/// Runs `sql`, in which `$1` is a moment and `$2` is now.
async fn find_rows(services: &Services, sql: String, moment: Timestamp, now: Timestamp) -> ServiceResult<Vec<Row>> {
    let database = services.database.read();
    let values: [Value; 2] = [moment.millis().into(), now.millis().into()];
    let select = Statement::from_sql_and_values(database.get_database_backend(), sql, values);
    Ok(Row::find_by_statement(select).all(database).await?)
}

async fn find_expiring(services: &Services, now: Timestamp) -> ServiceResult<Vec<Row>> {
    let longest = BEFORE_EXPIRY_DAYS.into_iter().max().unwrap_or_default();
    let sql = format!(
        "{KEYS}, s.id AS secret_id, k.expires_at AS at {THEIR_SECRETS} \
         WHERE {USABLE} AND s.expires_at IS NULL AND k.expires_at <= $1"
    );
    find_rows(services, sql, now.plus_days(i64::from(longest)), now).await
}

/// Builds the reminder of an expiration. Only the shortest remaining time counts, and only for keys made to
/// live longer: a key made for two days needs no reminder that it expires within two weeks.
fn expiration_reminder(row: Row, now: Timestamp) -> Option<Reminder> {
    let at = Timestamp::from_millis(row.at);
    let days = BEFORE_EXPIRY_DAYS.into_iter().find(|days| at <= now.plus_days(i64::from(*days)))?;
    let lives_longer = at > Timestamp::from_millis(row.created_at).plus_days(i64::from(days));
    lives_longer.then(|| {
        row.reminder(
            |key| format!("api_key.expires:{key}:{days}"),
            |api_key, name| Notice::KeyExpiresSoon { api_key, name, at, days },
        )
    })
}

async fn find_to_rotate(services: &Services, now: Timestamp) -> ServiceResult<Vec<Row>> {
    let due = format!("s.created_at + k.rotate_every_days * CAST({DAY_MILLIS} AS bigint)");
    let sql = format!(
        "{KEYS}, s.id AS secret_id, {due} AS at {THEIR_SECRETS} \
         WHERE {USABLE} AND k.rotate_every_days IS NOT NULL AND s.expires_at IS NULL AND {due} <= $1"
    );
    find_rows(services, sql, now, now).await
}

/// Builds the reminder of a rotation, once for each secret and each moment at which it became due.
fn rotation_reminder(row: Row) -> Reminder {
    let (secret, since) = (SecretId::new(row.secret_id), Timestamp::from_millis(row.at));
    row.reminder(
        |_| format!("api_key.rotation_due:{secret}:{}", since.millis()),
        |api_key, name| Notice::KeyRotationDue { api_key, name, since },
    )
}

async fn find_ending(services: &Services, now: Timestamp) -> ServiceResult<Vec<Row>> {
    let sql = format!(
        "{KEYS}, s.id AS secret_id, s.expires_at AS at {THEIR_SECRETS} \
         WHERE {USABLE} AND s.expires_at > $2 AND s.expires_at <= $1 AND EXISTS (SELECT 1 FROM key_uses u \
         WHERE u.organization_id = s.organization_id AND u.api_key_id = s.api_key_id AND u.secret_id = s.id \
         AND u.last_used_at >= $2 - ($1 - $2))"
    );
    find_rows(services, sql, now.plus_minutes(BEFORE_END_OF_GRACE_MINUTES), now).await
}

/// Builds the reminder of an old secret's end, once for each end: a postponed one may be forgotten again.
fn grace_reminder(row: Row) -> Reminder {
    let (secret, at) = (SecretId::new(row.secret_id), Timestamp::from_millis(row.at));
    row.reminder(
        |_| format!("api_key.grace_ends:{secret}:{}", at.millis()),
        |api_key, name| Notice::KeyGraceEnds { api_key, name, at },
    )
}

impl Row {
    fn reminder(
        self,
        occasion: impl FnOnce(ApiKeyId) -> String,
        notice: impl FnOnce(ApiKeyId, String) -> Notice,
    ) -> Reminder {
        let key = ApiKeyId::new(self.api_key_id);
        Reminder {
            organization: OrganizationId::new(self.organization_id),
            maker: self.created_by,
            occasion: occasion(key),
            notice: notice(key, self.name),
        }
    }
}
