use domain::usage::{ChartForm, Filter, Group, UsageQuery};

use super::{page::Page, query::Query, query_reader::QueryReader};

/// The value of `groups` with which the table lists all groups.
const ALL_GROUPS: &str = "all";
/// The text of a level that equals the page as it first opens, since a value can't be empty.
const DEFAULT_LEVEL: &str = "range=month";
/// Maximum length of a level's text, in bytes.
const MAX_LEVEL_LENGTH: usize = 2_000;

/// The usage page's address: `range, view, group, metric, tz, groups, compare, form`, those of the filter, and `up`.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct UsageAddress {
    /// The page's query. A time zone of `None` is the organization's.
    pub query: UsageQuery,
    /// The form of the chart.
    pub form: ChartForm,
    /// The wider queries from which the page was narrowed step by step, the widest first.
    pub levels: Vec<UsageQuery>,
}

impl From<UsageQuery> for UsageAddress {
    fn from(query: UsageQuery) -> Self {
        Self { query, ..Self::default() }
    }
}

impl UsageAddress {
    /// Maximum number of levels above the page.
    pub const MAX_LEVELS: usize = 6;

    /// Parses a query string, with or without its question mark.
    pub fn parse(search: &str) -> Self {
        Self::read(&mut QueryReader::new(search))
    }

    /// The names of values in a query string that can't be used.
    pub fn invalid(search: &str) -> Vec<&'static str> {
        QueryReader::check(search, Self::read)
    }

    fn read(query: &mut QueryReader) -> Self {
        Self {
            query: read_query(query),
            form: query.get("form").unwrap_or_default(),
            levels: query
                .texts("up", MAX_LEVEL_LENGTH, Self::MAX_LEVELS)
                .iter()
                .filter_map(|level| {
                    let mut reader = QueryReader::new(level);
                    let level = read_query(&mut reader);
                    if !reader.is_valid() {
                        query.reject("up");
                    }
                    reader.is_valid().then_some(level)
                })
                .collect(),
        }
    }

    /// The values that differ from the page as it first opens.
    pub fn to_query(&self) -> Query {
        let form = (self.form != ChartForm::default()).then_some(self.form);
        let levels: Vec<String> = self.levels.iter().map(level_text).collect();
        write_query(&self.query).with("form", form).with_all("up", &levels)
    }

    /// The page's full address in the organization with this slug.
    pub fn href(&self, organization: &str) -> String {
        self.to_query().append_to(&Page::Usage.path(organization))
    }

    /// The address of this level with another query: what leads here leads there. The query of a level above is that level.
    #[must_use]
    pub fn with_query(&self, query: UsageQuery) -> Self {
        let count = self.levels.iter().position(|level| *level == query).unwrap_or(self.levels.len());
        Self { query, form: self.form, levels: self.levels.iter().take(count).cloned().collect() }
    }

    /// The address one level below, with a narrower query. The oldest levels are forgotten beyond
    /// [`MAX_LEVELS`](Self::MAX_LEVELS).
    #[must_use]
    pub fn narrowed(&self, query: UsageQuery) -> Self {
        let mut levels = self.levels.clone();
        levels.retain(|level| *level != self.query);
        levels.push(self.query.clone());
        levels.drain(..levels.len().saturating_sub(Self::MAX_LEVELS));
        Self { query, form: self.form, levels }
    }

    /// The address of one of the levels above.
    pub fn level(&self, index: usize) -> Option<Self> {
        let query = self.levels.get(index)?.clone();
        Some(Self { query, form: self.form, levels: self.levels.iter().take(index).cloned().collect() })
    }
}

fn read_query(query: &mut QueryReader) -> UsageQuery {
    UsageQuery {
        range: query.get("range").unwrap_or_default(),
        view: query.get("view"),
        group: query.get("group").unwrap_or_default(),
        metric: query.get("metric").unwrap_or_default(),
        time_zone: query.time_zone("tz"),
        filter: filter(query),
        compare: query.get("compare"),
        all_groups: query.flag("groups", ALL_GROUPS),
    }
}

fn write_query(query: &UsageQuery) -> Query {
    let default = UsageQuery::default();
    with_filter(
        Query::default()
            .with("range", (query.range != default.range).then_some(query.range))
            .with("view", query.view)
            .with("group", (query.group != default.group).then_some(&query.group))
            .with("metric", (query.metric != default.metric).then_some(query.metric))
            .with("tz", query.time_zone.as_ref())
            .with("groups", query.all_groups.then_some(ALL_GROUPS))
            .with("compare", query.compare),
        &query.filter,
    )
}

/// A level as a value of the address: its own query, without the question mark.
fn level_text(level: &UsageQuery) -> String {
    let text = write_query(level).append_to("");
    text.strip_prefix('?').unwrap_or(DEFAULT_LEVEL).to_owned()
}

/// The dimensions but tags in the order in which addresses have them, with their names there.
const DIMENSIONS: [(&str, Group); 8] = [
    ("project", Group::Project),
    ("key", Group::ApiKey),
    ("member", Group::Member),
    ("model", Group::Model),
    ("service", Group::Service),
    ("endpoint", Group::Endpoint),
    ("provider", Group::Provider),
    ("status", Group::Status),
];

/// Reads the filter of an address: `project, key, member, model, service, endpoint, provider, status, tag`, each of which may be
/// repeated.
pub(super) fn filter(query: &mut QueryReader) -> Filter {
    /// In bytes; longer than any name of a model, endpoint or provider.
    const MAX_NAME_LENGTH: usize = 200;
    let mut filter = Filter::default();
    for (name, dimension) in DIMENSIONS {
        let values = query.texts(name, MAX_NAME_LENGTH, Filter::MAX_VALUES);
        match filter.with_values(&dimension, &values) {
            Some(narrowed) => filter = narrowed,
            None => query.reject(name),
        }
    }
    filter.tags = query.all("tag", Filter::MAX_VALUES);
    filter
}

/// Returns `search` with the values of `filter` set.
pub(super) fn with_filter(search: Query, filter: &Filter) -> Query {
    let set = |search: Query, (name, dimension): (&str, Group)| search.with_all(name, &filter.values(&dimension));
    DIMENSIONS.into_iter().fold(search, set).with_all("tag", &filter.tags)
}

#[cfg(test)]
mod tests {
    use domain::usage::{Comparison, Group, Metric, Range, View};
    use proptest::prelude::*;

    use super::*;

    const FULL: &str = "?range=7d&view=hour&group=key&metric=tokens&tz=Asia/Kathmandu&groups=all&compare=last-year\
                        &project=proj_01h2xcejqtf2nbrexx3vqjhp41&key=key_01h2xcejqtf2nbrexx3vqjhp41\
                        &key=key_00000000000000000000000000&model=gpt-5-mini&model=sandbox-1&service=chat\
                        &endpoint=/v1/responses&provider=openai&status=errors&status=4xx&status=429&tag=customer:acme\
                        &form=share&up=range%3Dmonth&up=range%3D12m%26model%3Dgpt-5-mini";

    #[test]
    fn everything_survives_a_round_trip() {
        let address = UsageAddress::parse(FULL);
        assert_eq!(address.query.range, Range::Last7Days);
        assert_eq!(address.query.view, Some(View::Hour));
        assert_eq!(address.query.group, Group::ApiKey);
        assert_eq!(address.query.metric, Metric::Tokens);
        assert_eq!(address.query.compare, Some(Comparison::LastYear));
        assert_eq!(address.query.filter.models, ["gpt-5-mini", "sandbox-1"]);
        assert_eq!(address.query.filter.len(), 12);
        assert_eq!(address.form, ChartForm::Share);
        assert_eq!(address.levels[0], UsageQuery::default());
        assert_eq!(address.levels[1].range, Range::Last12Months);
        assert_eq!(address.href("acme"), format!("/o/acme/usage{FULL}"));
        assert_eq!(UsageAddress::invalid(FULL), Vec::<&str>::new());
    }

    #[test]
    fn a_zoomed_range_and_a_tag_survive_a_round_trip() {
        let zoomed = "?range=2026-11-17T14:00:00Z..2026-11-17T15:00:00Z&group=tag.customer";
        assert_eq!(UsageAddress::parse(zoomed).href("acme"), format!("/o/acme/usage{zoomed}"));
    }

    #[test]
    fn each_level_is_an_address() {
        let month = UsageAddress::default();
        let year = month.with_query(UsageQuery { range: Range::Last12Months, ..UsageQuery::default() });
        let week = year.narrowed(UsageQuery { range: Range::Last7Days, ..UsageQuery::default() });
        let day = week.narrowed(UsageQuery { range: Range::Today, ..UsageQuery::default() });
        assert_eq!(day.levels, [year.query.clone(), week.query.clone()]);
        assert_eq!(UsageAddress::parse(&day.to_query().append_to("")), day);
        assert_eq!(day.with_query(week.query.clone()), week);
        assert_eq!((day.level(0), day.level(1), day.level(2)), (Some(year), Some(week), None));
    }

    #[test]
    fn the_oldest_levels_are_forgotten() {
        let steps = (0..20).map(|number| format!("model-{number}"));
        let deepest = steps.fold(UsageAddress::default(), |address, model| {
            let filter = Filter { models: vec![model], ..Filter::default() };
            address.narrowed(UsageQuery { filter, ..address.query.clone() })
        });
        assert_eq!(deepest.levels.len(), UsageAddress::MAX_LEVELS);
        assert_eq!(deepest.levels[5].filter.models, ["model-18"]);
        assert_eq!(UsageAddress::invalid(&deepest.to_query().append_to("")), Vec::<&str>::new());
    }

    #[test]
    fn what_can_not_be_used_is_ignored() {
        let address =
            UsageAddress::parse("range=yesterday&view=fortnight&groups=some&project=42&key=&metric=fun&other=1&up=");
        assert_eq!(address, UsageAddress::default());
        assert_eq!(address.href("acme"), "/o/acme/usage");
    }

    #[test]
    fn values_that_can_not_be_used_are_named() {
        let search = "model=&status=teapot&tag=customer&service=mail&compare=never&form=pie&up=range%3Dsoon";
        assert_eq!(UsageAddress::invalid(search), ["model", "service", "status", "tag", "compare", "form", "up"]);
        let many: String = (0..=Filter::MAX_VALUES).map(|number| format!("&model=model-{number}")).collect();
        assert_eq!(UsageAddress::invalid(&many), ["model"]);
    }

    proptest! {
        #[test]
        fn any_text_is_an_address(text: String) {
            let _ = UsageAddress::parse(&text);
        }
    }
}
