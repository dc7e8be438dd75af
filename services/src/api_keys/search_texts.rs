//! Folded texts of keys, by which they are found in any case: name and description, folded here, since databases
//! fold ASCII only or by their locale.
//!
//! A key whose `search_text` is `NULL` isn't folded yet. One that a server of an older version renames keeps the
//! texts of before, until the background migration sees that `search_source` differs.

use std::{fmt, str::FromStr};

use domain::{api_keys::Secret, validation::canonical::fold};
use sea_orm::{ConnectionTrait, DatabaseConnection, DbBackend, FromQueryResult, Statement};
use uuid::Uuid;

use crate::{
    ServiceError, ServiceResult,
    background_migrations::{BackgroundMigration, BackgroundWork, ConcurrentIndex, MigratedRows, RowMigration},
    database::DatabaseTransaction,
};

/// Folds the texts of existing keys.
pub(crate) const FOLD_TEXTS: BackgroundMigration =
    BackgroundMigration { name: "fold_key_texts", work: BackgroundWork::Rows(&FoldTexts) };

/// Makes the index that finds all texts with given three-character parts. SQLite has one since its migration.
pub(crate) const INDEX_TEXTS: BackgroundMigration = BackgroundMigration {
    name: "index_key_texts",
    work: BackgroundWork::Index(ConcurrentIndex {
        name: "api_keys_search",
        extension: Some("pg_trgm"),
        definition: "ON api_keys USING gin (search_text gin_trgm_ops)",
    }),
};

/// Keys folded in one step.
const BATCH_SIZE: usize = 200;
/// The condition that a key's texts aren't those that were folded.
const OUTDATED: &str = "search_source IS DISTINCT FROM name || '\n' || description";

/// The texts of a key.
#[derive(Clone, Debug, FromQueryResult)]
pub(in crate::api_keys) struct KeyTexts {
    pub(in crate::api_keys) id: Uuid,
    pub(in crate::api_keys) name: String,
    pub(in crate::api_keys) description: String,
}

/// Stores the folded texts of an organization's keys, as they are in the table.
pub(in crate::api_keys) async fn store(
    transaction: &DatabaseTransaction,
    organization: Uuid,
    keys: &[KeyTexts],
) -> ServiceResult<()> {
    let backend = transaction.get_database_backend();
    let sql = "UPDATE api_keys SET search_source = $1, search_text = $2 WHERE organization_id = $3 AND id = $4";
    // One by one: joined with a set of rows, SQLite would look at the set for each of the organization's keys.
    for key in keys {
        // As it is stored: a key in a name is masked, and wouldn't be recognized when it is folded.
        let source = Secret::redact(&format!("{}\n{}", key.name, key.description));
        let folded = fold(&source);
        let values = [source.into(), folded.into(), organization.into(), key.id.into()];
        transaction.execute_raw(Statement::from_sql_and_values(backend, sql, values)).await?;
    }
    Ok(())
}

struct FoldTexts;

#[async_trait::async_trait]
impl RowMigration for FoldTexts {
    async fn remaining(&self, database: &DatabaseConnection) -> ServiceResult<i64> {
        let sql = format!("SELECT count(*) AS keys FROM api_keys WHERE {OUTDATED}");
        let row = database.query_one_raw(Statement::from_string(database.get_database_backend(), sql)).await?;
        row.map_or(Ok(0), |row| Ok(row.try_get("", "keys")?))
    }

    /// Takes some keys of one organization.
    async fn step(&self, transaction: &DatabaseTransaction, cursor: Option<&str>) -> ServiceResult<MigratedRows> {
        let mut place = cursor.map_or(Ok(KeyPlace::default()), str::parse)?;
        let mut keys = outdated_keys(transaction, place).await?;
        if keys.is_empty() {
            let Some(organization) = next_organization(transaction, place.organization).await? else {
                return Ok(MigratedRows::default());
            };
            place = KeyPlace { organization, key: Uuid::nil() };
            keys = outdated_keys(transaction, place).await?;
        }
        if let Some(last) = keys.last() {
            store(transaction, place.organization, &keys).await?;
            place.key = last.id;
        }
        Ok(MigratedRows { count: i64::try_from(keys.len()).unwrap_or(i64::MAX), cursor: Some(place.to_string()) })
    }
}

/// The key after which a step begins.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
struct KeyPlace {
    organization: Uuid,
    key: Uuid,
}

impl fmt::Display for KeyPlace {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.organization.simple(), self.key.simple())
    }
}

impl FromStr for KeyPlace {
    type Err = ServiceError;

    fn from_str(text: &str) -> ServiceResult<Self> {
        let error = || ServiceError::Internal(format!("not a place between keys: {text:?}"));
        let (organization, key) = text.split_once('/').ok_or_else(error)?;
        let id = |text| Uuid::parse_str(text).map_err(|_| error());
        Ok(Self { organization: id(organization)?, key: id(key)? })
    }
}

/// The next keys of a place's organization whose texts have to be folded, without those that are being changed.
async fn outdated_keys(transaction: &DatabaseTransaction, place: KeyPlace) -> ServiceResult<Vec<KeyTexts>> {
    let backend = transaction.get_database_backend();
    // A step that waited for a row could have another change wait for its own.
    let lock = if backend == DbBackend::Postgres { "FOR UPDATE SKIP LOCKED" } else { "" };
    let sql = format!(
        "SELECT id, name, description FROM api_keys WHERE organization_id = $1 AND id > $2 AND {OUTDATED} \
         ORDER BY id LIMIT {BATCH_SIZE} {lock}"
    );
    let values = [place.organization.into(), place.key.into()];
    Ok(KeyTexts::find_by_statement(Statement::from_sql_and_values(backend, sql, values)).all(transaction).await?)
}

async fn next_organization(transaction: &DatabaseTransaction, after: Uuid) -> ServiceResult<Option<Uuid>> {
    let sql = format!(
        "SELECT organization_id FROM api_keys WHERE organization_id > $1 AND {OUTDATED} ORDER BY organization_id LIMIT 1"
    );
    let statement = Statement::from_sql_and_values(transaction.get_database_backend(), sql, [after.into()]);
    let row = transaction.query_one_raw(statement).await?;
    row.map(|row| Ok(row.try_get("", "organization_id")?)).transpose()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_is_read_as_it_was_written() {
        let place = KeyPlace { organization: Uuid::from_u128(1), key: Uuid::max() };
        assert_eq!(place.to_string().parse::<KeyPlace>().unwrap(), place);
        for wrong in ["", "/", "1/2", "00000000000000000000000000000001"] {
            assert!(wrong.parse::<KeyPlace>().is_err(), "{wrong:?}");
        }
    }
}
