//! Finds calls by their tags, which have an index of their own.

use std::collections::BTreeSet;

use domain::usage::TagName;
use sea_orm::DatabaseConnection;
use uuid::Uuid;

use super::{
    Search,
    id_range::{IdRange, ids},
};
use crate::{ServiceResult, database::Bound};

/// Maximum number of index entries of one tag that a statement reads.
const MAX_READ: usize = 2_000;

impl Search {
    /// The lowest id of the part of `range` in which no tag of the first name has more than [`MAX_READ`] calls; `None` if
    /// that is the whole.
    pub(super) async fn end_of_tagged_part(
        &self,
        database: &DatabaseConnection,
        range: &IdRange,
    ) -> ServiceResult<Option<Uuid>> {
        let mut end = None;
        for value in self.first_values() {
            // Each value has its calls in order, so no statement sorts them.
            let mut bound = Bound::new(database.get_database_backend());
            let condition = self.tag_range(range.down_to(end), &[value], &mut bound);
            let sql = format!(
                "SELECT t.call_id AS id FROM call_tags t WHERE {condition} ORDER BY t.call_id DESC LIMIT 1 OFFSET {}",
                MAX_READ - 1
            );
            end = ids(database, bound, sql).await?.pop().or(end);
        }
        Ok(end)
    }

    /// The condition, after others, that call `c` has one of the tags of the first name; empty without tags. It is
    /// looked up in the tags' index: only few calls of a part have them.
    pub(super) fn among_tagged(&self, part: &IdRange, bound: &mut Bound) -> String {
        let values: Vec<&str> = self.first_values().into_iter().collect();
        if values.is_empty() {
            return String::new();
        }
        let condition = self.tag_range(*part, &values, bound);
        format!(" AND c.id IN (SELECT t.call_id FROM call_tags t WHERE {condition})")
    }

    /// The condition that tag `t` of the first name has one of these values, and its call is within the range.
    fn tag_range(&self, range: IdRange, values: &[&str], bound: &mut Bound) -> String {
        let in_range = range.condition_of("t", "call_id", self.organization, bound);
        let name = bound.value(self.first_name().map_or("", TagName::as_str));
        match values {
            [value] => format!("{in_range} AND t.name = {name} AND t.value = {}", bound.value(*value)),
            _ => {
                let among = bound.among_texts(values.iter().copied());
                format!("{in_range} AND t.name = {name} AND t.value {among}")
            }
        }
    }

    fn first_name(&self) -> Option<&TagName> {
        self.tags.first().map(|tag| &tag.name)
    }

    /// The wanted values of the first name.
    fn first_values(&self) -> BTreeSet<&str> {
        let tags = self.tags.iter().filter(|tag| Some(&tag.name) == self.first_name());
        tags.map(|tag| tag.value.as_str()).collect()
    }
}
