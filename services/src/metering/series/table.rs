//! Finds or inserts any number of series with one statement.

use std::{
    collections::{BTreeSet, HashMap},
    iter::once,
};

use sea_orm::ConnectionTrait;
use serde_json::{Value, json};
use uuid::Uuid;

use super::Dimensions;
use crate::{
    ServiceResult,
    database::{Bound, DatabaseTransaction},
    random,
};

/// Columns of a series' key within its organization, in the order of the index.
const COLUMNS: [&str; 9] =
    ["project_id", "api_key_id", "member_id", "model", "service", "endpoint", "provider", "status", "outcome"];

impl Dimensions {
    /// The dimensions without the organization, in the order of [`COLUMNS`].
    fn parts(&self) -> [Value; COLUMNS.len()] {
        let id = |id: Uuid| json!(id.simple().to_string());
        [
            id(self.project_id),
            id(self.api_key_id),
            id(self.member_id),
            json!(&*self.model),
            json!(self.service),
            json!(&*self.endpoint),
            json!(&*self.provider),
            json!(self.status),
            json!(self.outcome),
        ]
    }
}

/// Builds the SQL that reads a column from a row's JSON.
fn extract_column(bound: &Bound, position: usize) -> String {
    let text = format!("w.value ->> {position}");
    match COLUMNS[position] {
        "project_id" | "api_key_id" | "member_id" => bound.id(&text),
        "status" => bound.number(&text),
        _ => format!("({text})"),
    }
}

/// Finds the numbers of one organization's series, as far as they exist.
pub(super) async fn find(
    transaction: &DatabaseTransaction,
    organization: Uuid,
    wanted: &BTreeSet<Dimensions>,
) -> ServiceResult<HashMap<Dimensions, i64>> {
    if wanted.is_empty() {
        return Ok(HashMap::new());
    }
    let mut bound = Bound::new(transaction.get_database_backend());
    let organization = bound.value(organization);
    let rows: Vec<_> = wanted.iter().map(Dimensions::parts).collect();
    let rows = bound.rows(json!(rows).to_string(), "w");
    let same: String = COLUMNS
        .iter()
        .enumerate()
        .map(|(position, column)| format!(" AND s.{column} = {}", extract_column(&bound, position)))
        .collect();
    // CROSS JOIN fixes SQLite's join order; PostgreSQL treats it as any join.
    let sql =
        format!("SELECT w.place, s.id FROM {rows} CROSS JOIN series s WHERE s.organization_id = {organization}{same}");
    let wanted: Vec<&Dimensions> = wanted.iter().collect();
    let mut ids = HashMap::with_capacity(wanted.len());
    for row in transaction.query_all_raw(bound.statement(sql)).await? {
        let place: i64 = row.try_get("", "place")?;
        if let Some(dimensions) = usize::try_from(place).ok().and_then(|place| wanted.get(place)) {
            ids.insert((*dimensions).clone(), row.try_get("", "id")?);
        }
    }
    Ok(ids)
}

/// Inserts series that don't exist yet, with random numbers.
pub(super) async fn insert(
    transaction: &DatabaseTransaction,
    organization: Uuid,
    missing: &BTreeSet<Dimensions>,
) -> ServiceResult<()> {
    let mut bound = Bound::new(transaction.get_database_backend());
    let organization = bound.value(organization);
    let mut rows: Vec<Vec<Value>> = Vec::with_capacity(missing.len());
    for dimensions in missing {
        let id = i64::from_be_bytes(random::bytes()?) & i64::MAX;
        rows.push(dimensions.parts().into_iter().chain(once(json!(id))).collect());
    }
    let rows = bound.rows(json!(rows).to_string(), "w");
    let id = bound.number(&format!("w.value ->> {}", COLUMNS.len()));
    let parts: String = (0..COLUMNS.len()).map(|position| format!(", {}", extract_column(&bound, position))).collect();
    let sql = format!(
        "INSERT INTO series (organization_id, id, {columns}) SELECT {organization}, {id}{parts} FROM {rows} WHERE true \
         ON CONFLICT (organization_id, {columns}) DO NOTHING",
        columns = COLUMNS.join(", "),
    );
    transaction.execute_raw(bound.statement(sql)).await?;
    Ok(())
}
