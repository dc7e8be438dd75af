//! Ranges of calls' ids, which are ranges of time.

use domain::{
    ids::{CallId, OrganizationId},
    time::Timestamp,
};
use sea_orm::{ConnectionTrait, DatabaseConnection};
use uuid::Uuid;

use crate::{ServiceResult, database::Bound};

/// A range of ids, from `from` up to `before`, which is excluded; `None` for no limit.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) struct IdRange {
    pub(super) from: Option<Uuid>,
    pub(super) before: Option<Uuid>,
}

impl IdRange {
    /// This range without ids below `lowest`.
    pub(super) fn down_to(self, lowest: Option<Uuid>) -> Self {
        Self { from: lowest.or(self.from), ..self }
    }

    /// The part of this range in which calls started from `from` on and before `to`.
    pub(super) fn within(self, from: Timestamp, to: Timestamp) -> Self {
        let (from, to) = (CallId::lower_bound(from).uuid(), CallId::lower_bound(to).uuid());
        Self { from: self.from.max(Some(from)), before: Some(self.before.map_or(to, |before| before.min(to))) }
    }

    /// Whether there is no id in the range.
    pub(super) fn is_empty(self) -> bool {
        self.from.zip(self.before).is_some_and(|(from, before)| from >= before)
    }

    /// The condition that call `alias` of the organization is within the range.
    pub(super) fn condition(self, alias: &str, organization: OrganizationId, bound: &mut Bound) -> String {
        self.condition_of(alias, "id", organization, bound)
    }

    /// The condition that `column` of `alias`, a row of the organization, is within the range.
    pub(super) fn condition_of(
        self,
        alias: &str,
        column: &str,
        organization: OrganizationId,
        bound: &mut Bound,
    ) -> String {
        let mut condition = format!("{alias}.organization_id = {}", bound.value(organization.uuid()));
        for (comparison, id) in [(">=", self.from), ("<", self.before)] {
            if let Some(id) = id {
                condition.push_str(&format!(" AND {alias}.{column} {comparison} {}", bound.value(id)));
            }
        }
        condition
    }
}

/// Runs a statement and returns the ids it finds.
pub(super) async fn ids(database: &DatabaseConnection, bound: Bound, sql: String) -> ServiceResult<Vec<Uuid>> {
    let rows = database.query_all_raw(bound.statement(sql)).await?;
    Ok(rows.iter().map(|row| row.try_get("", "id")).collect::<Result<_, _>>()?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_part_is_never_larger_than_the_whole() {
        let at = Timestamp::from_millis;
        let id = |millis| Some(CallId::lower_bound(at(millis)).uuid());
        let all = IdRange { from: None, before: None };
        let part = all.within(at(1_000), at(2_000));
        assert_eq!(part, IdRange { from: id(1_000), before: id(2_000) });
        assert_eq!(part.within(at(500), at(1_500)), IdRange { from: id(1_000), before: id(1_500) });
        assert!(!part.is_empty() && part.within(at(2_000), at(3_000)).is_empty() && !all.is_empty());
        assert_eq!(part.down_to(id(1_700)), IdRange { from: id(1_700), before: id(2_000) });
    }
}
