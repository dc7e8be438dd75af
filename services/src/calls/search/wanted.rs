//! The series whose calls a search may find.
//!
//! Names beyond some number are folded: their calls are in a series "other" and hold the names themselves. Where there
//! are such series, a filter of names is one of calls.

use domain::{
    ids::OrganizationId,
    usage::{Filter, StatusFilter},
};
use sea_orm::{ConnectionTrait, DatabaseConnection};

use super::MAX_SEEK_SERIES;
use crate::{
    ServiceResult,
    database::Bound,
    entities::series::{ANY_OUTCOME, OTHER},
    projects::ProjectScope,
    usage::{series_condition, status_condition},
};

/// A filter of series, without tags, which calls have.
#[derive(Clone, Debug)]
pub(super) struct WantedSeries {
    scope: ProjectScope,
    filter: Filter,
    /// Whether calls of further series may match, in which the names that the filter is about are folded.
    is_folded: bool,
    /// Number of matching series, counted up to one more than [`MAX_SEEK_SERIES`].
    pub(super) series: usize,
}

impl WantedSeries {
    /// The filter for `scope` and `filter`, with matching series counted; `None` if all series match.
    pub(super) async fn new(
        database: &DatabaseConnection,
        organization: OrganizationId,
        scope: ProjectScope,
        filter: Filter,
    ) -> ServiceResult<Option<Self>> {
        if scope == ProjectScope::All && filter.is_empty() {
            return Ok(None);
        }
        let mut wanted = Self { scope, filter, is_folded: false, series: 0 };
        let backend = database.get_database_backend();
        let mut bound = Bound::new(backend);
        let condition = wanted.condition(&mut bound);
        wanted.series = count(database, organization, bound, &condition, MAX_SEEK_SERIES + 1).await?;
        if wanted.names_values() {
            let mut bound = Bound::new(backend);
            let condition = wanted.folded_condition(&mut bound);
            wanted.is_folded = count(database, organization, bound, &condition, 1).await? > 0;
        }
        Ok(Some(wanted))
    }

    /// The condition that series `s` matches, whatever the calls' own rows hold.
    pub(super) fn condition(&self, bound: &mut Bound) -> String {
        format!("s.outcome <> '{ANY_OUTCOME}' AND {}", series_condition(&self.scope, &self.filter, bound))
    }

    /// The condition that series `s` may have calls that match.
    pub(super) fn wide_condition(&self, bound: &mut Bound) -> String {
        let condition = self.condition(bound);
        if self.is_folded { format!("(({condition}) OR ({}))", self.folded_condition(bound)) } else { condition }
    }

    /// The condition that rollups of series `s` may count calls that match. Series of former versions' rollups have
    /// neither provider nor status nor outcome.
    pub(super) fn rollup_condition(&self, bound: &mut Bound) -> String {
        let wide = self.wide_condition(bound);
        let mut known = Filter { providers: Vec::new(), statuses: Vec::new(), ..self.filter.clone() };
        if self.is_folded {
            (known.models, known.endpoints) = (Vec::new(), Vec::new());
        }
        let of_rollup = series_condition(&self.scope, &known, bound);
        format!("({wide} OR (s.outcome = '{ANY_OUTCOME}' AND {of_rollup}))")
    }

    /// The condition that the names in series `s` stand for others, which may match.
    fn folded_condition(&self, bound: &mut Bound) -> String {
        let is_outcome = |status: &&StatusFilter| matches!(status, StatusFilter::Outcome(_));
        let others = Filter {
            models: Vec::new(),
            endpoints: Vec::new(),
            providers: Vec::new(),
            // A series with a folded status has its outcome.
            statuses: match self.has_statuses() {
                true => Vec::new(),
                false => self.filter.statuses.iter().filter(is_outcome).copied().collect(),
            },
            ..self.filter.clone()
        };
        let condition = series_condition(&self.scope, &others, bound);
        let names = ["model", "endpoint", "provider"].map(|name| format!("s.{name} = '{OTHER}'")).join(" OR ");
        format!("s.outcome <> '{ANY_OUTCOME}' AND ({names}) AND {condition}")
    }

    /// Whether the filter is about dimensions that may be folded.
    fn names_values(&self) -> bool {
        let Filter { models, endpoints, providers, .. } = &self.filter;
        !(models.is_empty() && endpoints.is_empty() && providers.is_empty()) || self.has_statuses()
    }

    /// Whether the filter names HTTP statuses, or classes of them.
    fn has_statuses(&self) -> bool {
        self.filter.statuses.iter().any(|status| !matches!(status, StatusFilter::Outcome(_)))
    }

    /// Whether the calls' own rows say which of them match. Folded models alone are found by an index.
    pub(super) fn has_own_conditions(&self) -> bool {
        let Filter { endpoints, providers, .. } = &self.filter;
        self.is_folded && (!endpoints.is_empty() || !providers.is_empty() || self.has_statuses())
    }

    /// The condition that call `c` of series `s` has the names of the filter; `None` if the series says so.
    pub(super) fn call_condition(&self, bound: &mut Bound) -> Option<String> {
        if !self.is_folded {
            return None;
        }
        let Filter { models, endpoints, providers, statuses, .. } = &self.filter;
        let mut conditions = vec!["TRUE".to_owned()];
        for (column, names) in [("model", models), ("endpoint", endpoints), ("provider", providers)] {
            if !names.is_empty() {
                let among = bound.among_texts(names.iter().map(String::as_str));
                // The series "other" can be asked for as such.
                conditions.push(format!("(coalesce(c.{column}, s.{column}) {among} OR s.{column} {among})"));
            }
        }
        if self.has_statuses() {
            let own = "coalesce(c.status, s.status)";
            let any: Vec<String> = statuses.iter().map(|status| status_condition(*status, own)).collect();
            conditions.push(format!("({})", any.join(" OR ")));
        }
        Some(conditions.join(" AND "))
    }

    /// This filter with one model.
    pub(super) fn with_model(&self, model: &str) -> Self {
        let filter = Filter { models: vec![model.to_owned()], ..self.filter.clone() };
        Self { filter, ..self.clone() }
    }

    /// The requested models that calls' own rows may hold.
    pub(super) fn folded_models(&self) -> impl Iterator<Item = &str> {
        let is_folded = self.is_folded;
        let models = self.filter.models.iter().map(String::as_str);
        models.filter(move |model| is_folded && !model.is_empty() && *model != OTHER)
    }
}

/// Counts the series `s` of an organization that fulfill a condition, up to `most`.
async fn count(
    database: &DatabaseConnection,
    organization: OrganizationId,
    mut bound: Bound,
    condition: &str,
    most: usize,
) -> ServiceResult<usize> {
    let organization = bound.value(organization.uuid());
    let sql = format!(
        "SELECT count(*) AS series FROM (SELECT 1 FROM series s WHERE s.organization_id = {organization} \
         AND {condition} LIMIT {most}) few"
    );
    let Some(row) = database.query_one_raw(bound.statement(sql)).await? else { return Ok(0) };
    Ok(usize::try_from(row.try_get::<i64>("", "series")?).unwrap_or_default())
}
