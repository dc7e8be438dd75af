//! Limits the number of series that names in events create; further names are counted as "other".
//!
//! Events name models, endpoints and providers freely. Without a limit, an endpoint with an id in its path
//! would create a series for each call: there would be as many rollups as calls, and a query for sums would read
//! them all.

use std::{borrow::Cow, collections::BTreeSet, sync::Arc};

use sea_orm::ConnectionTrait;
use uuid::Uuid;

use super::Dimensions;
use crate::{
    ServiceResult,
    database::{Bound, DatabaseTransaction},
    entities::series::{ANY_OUTCOME, OTHER},
};

/// Maximum number of an organization's models from events; further ones are folded into "other".
const MAX_MODELS: usize = 1_000;
const MAX_ENDPOINTS: usize = 200;
const MAX_PROVIDERS: usize = 100;
/// Number of an organization's series from which on endpoints, providers and statuses make no further ones.
const MAX_COMBINATIONS: usize = 20_000;
/// Number of series from which on models make none either. The room between is for models known by then, so
/// that usage by model, which is asked for most, stays complete longer.
const MAX_COMBINATIONS_WITH_MODELS: usize = 2 * MAX_COMBINATIONS;

/// Names in the series of one organization.
#[derive(Clone, Debug, Default)]
pub(super) struct SeriesNames {
    models: BTreeSet<Arc<str>>,
    endpoints: BTreeSet<Cow<'static, str>>,
    providers: BTreeSet<Arc<str>>,
    series_count: usize,
}

impl SeriesNames {
    /// Loads all names from the database, even beyond the limits, which are newer than some names: otherwise
    /// calls of existing series would be folded into "other".
    pub(super) async fn load(transaction: &DatabaseTransaction, organization: Uuid) -> ServiceResult<Self> {
        let mut bound = Bound::new(transaction.get_database_backend());
        let organization = bound.value(organization);
        let parts = ["model", "endpoint", "provider"].map(|column| {
            format!(
                "SELECT '{column}' AS kind, name FROM (SELECT DISTINCT {column} AS name FROM series \
                 WHERE organization_id = {organization} AND {column} <> '{OTHER}') {column}s"
            )
        });
        let sql = format!(
            "{} UNION ALL SELECT 'series', CAST(count(*) AS text) FROM \
             (SELECT 1 FROM series WHERE organization_id = {organization} AND outcome <> '{ANY_OUTCOME}' \
             LIMIT {MAX_COMBINATIONS_WITH_MODELS}) counted",
            parts.join(" UNION ALL ")
        );
        let mut names = Self::default();
        for row in transaction.query_all_raw(bound.statement(sql)).await? {
            let (kind, name): (String, String) = (row.try_get("", "kind")?, row.try_get("", "name")?);
            match kind.as_str() {
                "model" => names.models.extend([Arc::from(name)]),
                "endpoint" => names.endpoints.extend([Cow::Owned(name)]),
                "provider" => names.providers.extend([Arc::from(name)]),
                _ => names.series_count = name.parse().unwrap_or(MAX_COMBINATIONS_WITH_MODELS),
            }
        }
        Ok(names)
    }

    /// Whether there is no room for anything more, so that the database needn't be queried again.
    pub(super) fn is_full(&self) -> bool {
        self.series_count >= MAX_COMBINATIONS_WITH_MODELS
            || self.models.len() >= MAX_MODELS
                && self.endpoints.len() >= MAX_ENDPOINTS
                && self.providers.len() >= MAX_PROVIDERS
    }

    /// Number of series.
    pub(super) const fn series_count(&self) -> usize {
        self.series_count
    }

    /// Sets the number of series, after more were counted than had to be inserted.
    pub(super) const fn set_series_count(&mut self, series_count: usize) {
        self.series_count = series_count;
    }

    /// Folds the dimensions of a new series to names that still fit,
    /// given the `known` series, and adds its names while there is room.
    pub(super) fn fold(&mut self, own: Dimensions, known: &BTreeSet<Dimensions>) -> Dimensions {
        let other = || Arc::<str>::from(OTHER);
        let folded = if self.series_count < MAX_COMBINATIONS {
            Dimensions {
                model: claim(&mut self.models, MAX_MODELS, own.model, other),
                endpoint: claim(&mut self.endpoints, MAX_ENDPOINTS, own.endpoint, || Cow::Borrowed(OTHER)),
                provider: claim(&mut self.providers, MAX_PROVIDERS, own.provider, other),
                ..own
            }
        } else {
            let has_room = self.series_count < MAX_COMBINATIONS_WITH_MODELS;
            Dimensions {
                // A limit of 0 adds no model and keeps those that exist.
                model: if has_room { keep_or_fold(&self.models, 0, own.model, other) } else { other() },
                endpoint: Cow::Borrowed(OTHER),
                provider: other(),
                status: 0,
                ..own
            }
        };
        self.series_count += usize::from(!known.contains(&folded));
        folded
    }

    /// Folds dimensions whose names can't fit in any case, without adding names or querying the database.
    pub(super) fn fold_if_full(&self, own: Dimensions) -> Dimensions {
        let Self { models, endpoints, providers, .. } = self;
        Dimensions {
            model: keep_or_fold(models, MAX_MODELS, own.model, || OTHER.into()),
            endpoint: keep_or_fold(endpoints, MAX_ENDPOINTS, own.endpoint, || Cow::Borrowed(OTHER)),
            provider: keep_or_fold(providers, MAX_PROVIDERS, own.provider, || OTHER.into()),
            ..own
        }
    }
}

/// Adds the name if there is room, and folds it otherwise.
fn claim<T: Clone + Ord>(names: &mut BTreeSet<T>, max: usize, name: T, other: fn() -> T) -> T {
    if names.len() < max {
        names.insert(name.clone());
    }
    keep_or_fold(names, max, name, other)
}

fn keep_or_fold<T: Ord>(names: &BTreeSet<T>, max: usize, name: T, other: fn() -> T) -> T {
    if names.len() < max || names.contains(&name) { name } else { other() }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn named(model: &str, endpoint: &str) -> Dimensions {
        Dimensions {
            organization_id: Uuid::nil(),
            project_id: Uuid::nil(),
            api_key_id: Uuid::nil(),
            member_id: Uuid::nil(),
            model: model.into(),
            service: "chat",
            endpoint: endpoint.to_owned().into(),
            provider: Arc::default(),
            status: 200,
            outcome: "succeeded",
        }
    }

    #[test]
    fn endpoints_beyond_a_number_are_other_and_models_stay_what_they_are() {
        let (mut names, mut known) = (SeriesNames::default(), BTreeSet::new());
        for number in 0..2 * MAX_COMBINATIONS {
            let folded = names.fold(named("gpt-x", &format!("/{number}")), &known);
            assert_eq!(folded.endpoint == OTHER, number >= MAX_ENDPOINTS, "{number}");
            assert_eq!(&*folded.model, "gpt-x");
            known.insert(folded);
        }
        assert_eq!((known.len(), names.series_count), (MAX_ENDPOINTS + 1, MAX_ENDPOINTS + 1));
        assert_eq!(names.fold_if_full(named("gpt-x", "/0")), named("gpt-x", "/0"));
        assert_eq!(names.fold_if_full(named("gpt-y", "/new")), named("gpt-y", OTHER));
    }

    #[test]
    fn more_names_than_there_may_be_stay_where_they_are_there() {
        let path = |number: usize| format!("/{number}");
        let endpoints: BTreeSet<Cow<'static, str>> = (0..2 * MAX_ENDPOINTS).map(|number| path(number).into()).collect();
        let mut names = SeriesNames { endpoints, ..SeriesNames::default() };
        for number in 0..2 * MAX_ENDPOINTS {
            let own = named("gpt-x", &path(number));
            assert_eq!(names.fold_if_full(own.clone()), own);
            assert_eq!(names.fold(own.clone(), &BTreeSet::new()), own);
        }
        assert_eq!(names.fold(named("gpt-x", "/new"), &BTreeSet::new()), named("gpt-x", OTHER));
        assert_eq!(names.endpoints.len(), 2 * MAX_ENDPOINTS);
    }

    #[test]
    fn no_combination_makes_series_without_end_and_known_models_are_told_for_long() {
        const MODELS: usize = 997;
        let (mut names, mut known) = (SeriesNames::default(), BTreeSet::new());
        for number in 0..3 * MAX_COMBINATIONS {
            let status = 200 + i32::try_from(number % 300).unwrap();
            let own = named(&format!("m{}", number % MODELS), &format!("/{}", number % 199));
            let folded = names.fold(Dimensions { status, ..own.clone() }, &known);
            assert_eq!(folded.model, own.model);
            assert_eq!(folded.status == 0, number >= MAX_COMBINATIONS, "{number}");
            known.insert(folded);
        }
        assert_eq!((known.len(), names.series_count), (MAX_COMBINATIONS + MODELS, MAX_COMBINATIONS + MODELS));
        assert_eq!(&*names.fold(named("new", "/0"), &known).model, OTHER);
        assert!(!names.is_full());
    }

    #[test]
    fn at_twice_as_many_series_models_are_other_too() {
        const KEYS: usize = 41;
        let (mut names, mut known) = (SeriesNames::default(), BTreeSet::new());
        for number in 0..3 * MAX_COMBINATIONS {
            let api_key_id = Uuid::from_u128(u128::try_from(number % KEYS).unwrap());
            let own = Dimensions { api_key_id, ..named(&format!("m{}", number % 997), "/") };
            known.insert(names.fold(own, &known));
        }
        // Plus one for each key, since keys aren't limited.
        assert_eq!(known.len(), MAX_COMBINATIONS_WITH_MODELS + KEYS);
        assert!(names.is_full());
        assert_eq!(&*names.fold(named("m1", "/"), &known).model, OTHER);
    }
}
