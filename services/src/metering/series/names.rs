//! Which names become series, and which are told as "other".
//!
//! Events name models, endpoints and providers as they like. If each became series of its own, an endpoint with an id in its
//! path would make one for each call: then there is nothing to sum, and whoever asks for sums reads them all.

use std::{borrow::Cow, collections::BTreeSet, sync::Arc};

use sea_orm::ConnectionTrait;
use uuid::Uuid;

use super::Dimensions;
use crate::{
    ServiceResult,
    database::{Bound, DatabaseTransaction},
    entities::series::{ANY_OUTCOME, OTHER},
};

/// How many different models an organization's events may name until others are told as "other".
const MOST_MODELS: usize = 1_000;
const MOST_ENDPOINTS: usize = 200;
const MOST_PROVIDERS: usize = 100;
/// With how many series an organization gets no further ones for endpoints, providers and statuses, in whatever combination.
const MOST_COMBINATIONS: usize = 20_000;
/// With how many it gets none for models either. What is between is room for the models that it had by then, so that what
/// people ask for most goes on being told.
const MOST_WITH_MODELS: usize = 2 * MOST_COMBINATIONS;

/// What series of an organization name.
#[derive(Clone, Debug, Default)]
pub(super) struct Names {
    models: BTreeSet<Arc<str>>,
    endpoints: BTreeSet<Cow<'static, str>>,
    providers: BTreeSet<Arc<str>>,
    series: usize,
}

impl Names {
    /// What is in the database: all of it, also where there was more before there was a limit. Of names that are left out, calls
    /// of series that are there would be told as "other".
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
             LIMIT {MOST_WITH_MODELS}) counted",
            parts.join(" UNION ALL ")
        );
        let mut names = Self::default();
        for row in transaction.query_all_raw(bound.statement(sql)).await? {
            let (kind, name): (String, String) = (row.try_get("", "kind")?, row.try_get("", "name")?);
            match kind.as_str() {
                "model" => names.models.extend([Arc::from(name)]),
                "endpoint" => names.endpoints.extend([Cow::Owned(name)]),
                "provider" => names.providers.extend([Arc::from(name)]),
                _ => names.series = name.parse().unwrap_or(MOST_WITH_MODELS),
            }
        }
        Ok(names)
    }

    /// Whether there is room for nothing more: then the database needn't be asked again.
    pub(super) fn is_full(&self) -> bool {
        self.series >= MOST_WITH_MODELS
            || self.models.len() >= MOST_MODELS
                && self.endpoints.len() >= MOST_ENDPOINTS
                && self.providers.len() >= MOST_PROVIDERS
    }

    /// How many series there are.
    pub(super) const fn series(&self) -> usize {
        self.series
    }

    /// Notes how many there are, where more were counted than had to be made.
    pub(super) const fn correct(&mut self, series: usize) {
        self.series = series;
    }

    /// What a series that isn't there yet is to be told by, where there will be `made` besides. What it names is held from
    /// now on, as long as there is room.
    pub(super) fn fold(&mut self, own: Dimensions, made: &BTreeSet<Dimensions>) -> Dimensions {
        let other = || Arc::<str>::from(OTHER);
        let folded = if self.series < MOST_COMBINATIONS {
            Dimensions {
                model: claim(&mut self.models, MOST_MODELS, own.model, other),
                endpoint: claim(&mut self.endpoints, MOST_ENDPOINTS, own.endpoint, || Cow::Borrowed(OTHER)),
                provider: claim(&mut self.providers, MOST_PROVIDERS, own.provider, other),
                ..own
            }
        } else {
            let has_room = self.series < MOST_WITH_MODELS;
            Dimensions {
                // No further one: only those that are there.
                model: if has_room { hold(&self.models, 0, own.model, other) } else { other() },
                endpoint: Cow::Borrowed(OTHER),
                provider: other(),
                status: 0,
                ..own
            }
        };
        self.series += usize::from(!made.contains(&folded));
        folded
    }

    /// The same where nothing has to be made room for, and nothing is to be asked: for names that are told as "other" in
    /// any case.
    pub(super) fn fold_if_full(&self, own: Dimensions) -> Dimensions {
        let Self { models, endpoints, providers, .. } = self;
        Dimensions {
            model: hold(models, MOST_MODELS, own.model, || OTHER.into()),
            endpoint: hold(endpoints, MOST_ENDPOINTS, own.endpoint, || Cow::Borrowed(OTHER)),
            provider: hold(providers, MOST_PROVIDERS, own.provider, || OTHER.into()),
            ..own
        }
    }
}

fn claim<T: Clone + Ord>(names: &mut BTreeSet<T>, most: usize, name: T, other: fn() -> T) -> T {
    if names.len() < most {
        names.insert(name.clone());
    }
    hold(names, most, name, other)
}

fn hold<T: Ord>(names: &BTreeSet<T>, most: usize, name: T, other: fn() -> T) -> T {
    if names.len() < most || names.contains(&name) { name } else { other() }
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
        let (mut names, mut made) = (Names::default(), BTreeSet::new());
        for number in 0..2 * MOST_COMBINATIONS {
            let folded = names.fold(named("gpt-x", &format!("/{number}")), &made);
            assert_eq!(folded.endpoint == OTHER, number >= MOST_ENDPOINTS, "{number}");
            assert_eq!(&*folded.model, "gpt-x");
            made.insert(folded);
        }
        assert_eq!((made.len(), names.series), (MOST_ENDPOINTS + 1, MOST_ENDPOINTS + 1));
        assert_eq!(names.fold_if_full(named("gpt-x", "/0")), named("gpt-x", "/0"));
        assert_eq!(names.fold_if_full(named("gpt-y", "/new")), named("gpt-y", OTHER));
    }

    #[test]
    fn more_names_than_there_may_be_stay_where_they_are_there() {
        let path = |number: usize| format!("/{number}");
        let endpoints: BTreeSet<Cow<'static, str>> =
            (0..2 * MOST_ENDPOINTS).map(|number| path(number).into()).collect();
        let mut names = Names { endpoints, ..Names::default() };
        for number in 0..2 * MOST_ENDPOINTS {
            let own = named("gpt-x", &path(number));
            assert_eq!(names.fold_if_full(own.clone()), own);
            assert_eq!(names.fold(own.clone(), &BTreeSet::new()), own);
        }
        assert_eq!(names.fold(named("gpt-x", "/new"), &BTreeSet::new()), named("gpt-x", OTHER));
        assert_eq!(names.endpoints.len(), 2 * MOST_ENDPOINTS);
    }

    #[test]
    fn no_combination_makes_series_without_end_and_known_models_are_told_for_long() {
        const MODELS: usize = 997;
        let (mut names, mut made) = (Names::default(), BTreeSet::new());
        for number in 0..3 * MOST_COMBINATIONS {
            let status = 200 + i32::try_from(number % 300).unwrap();
            let own = named(&format!("m{}", number % MODELS), &format!("/{}", number % 199));
            let folded = names.fold(Dimensions { status, ..own.clone() }, &made);
            assert_eq!(folded.model, own.model);
            assert_eq!(folded.status == 0, number >= MOST_COMBINATIONS, "{number}");
            made.insert(folded);
        }
        assert_eq!((made.len(), names.series), (MOST_COMBINATIONS + MODELS, MOST_COMBINATIONS + MODELS));
        assert_eq!(&*names.fold(named("new", "/0"), &made).model, OTHER);
        assert!(!names.is_full());
    }

    #[test]
    fn at_twice_as_many_series_models_are_other_too() {
        const KEYS: usize = 41;
        let (mut names, mut made) = (Names::default(), BTreeSet::new());
        for number in 0..3 * MOST_COMBINATIONS {
            let api_key_id = Uuid::from_u128(u128::try_from(number % KEYS).unwrap());
            let own = Dimensions { api_key_id, ..named(&format!("m{}", number % 997), "/") };
            made.insert(names.fold(own, &made));
        }
        // One for each key besides: there are as many as the operator likes.
        assert_eq!(made.len(), MOST_WITH_MODELS + KEYS);
        assert!(names.is_full());
        assert_eq!(&*names.fold(named("m1", "/"), &made).model, OTHER);
    }
}
