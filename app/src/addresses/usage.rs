use domain::usage::{Filter, UsageQuery};

use super::{page::Page, query::Query, query_reader::QueryReader};

/// The value of `groups` with which the table lists all groups.
const ALL_GROUPS: &str = "all";

/// The usage page's address: `range, view, group, metric, tz, groups, project, key, model`.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct UsageAddress {
    /// The page's query. A time zone of `None` is the organization's.
    pub query: UsageQuery,
}

impl UsageAddress {
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
            query: UsageQuery {
                range: query.get("range").unwrap_or_default(),
                view: query.get("view"),
                group: query.get("group").unwrap_or_default(),
                metric: query.get("metric").unwrap_or_default(),
                time_zone: query.time_zone("tz"),
                filter: filter(query),
                all_groups: query.flag("groups", ALL_GROUPS),
            },
        }
    }

    /// The values that differ from the page as it first opens.
    pub fn to_query(&self) -> Query {
        let default = UsageQuery::default();
        let query = &self.query;
        with_filter(
            Query::default()
                .with("range", (query.range != default.range).then_some(query.range))
                .with("view", query.view)
                .with("group", (query.group != default.group).then_some(query.group))
                .with("metric", (query.metric != default.metric).then_some(query.metric))
                .with("tz", query.time_zone.as_ref())
                .with("groups", query.all_groups.then_some(ALL_GROUPS)),
            &query.filter,
        )
    }

    /// The page's full address in the organization with this slug.
    pub fn href(&self, organization: &str) -> String {
        self.to_query().append_to(&Page::Usage.path(organization))
    }
}

/// Reads the filter of an address.
pub(super) fn filter(query: &mut QueryReader) -> Filter {
    /// In bytes; longer than any model's name.
    const MAX_MODEL_LENGTH: usize = 200;
    Filter { project: query.get("project"), api_key: query.get("key"), model: query.text("model", MAX_MODEL_LENGTH) }
}

/// Returns `search` with the values of `filter` set.
pub(super) fn with_filter(search: Query, filter: &Filter) -> Query {
    search.with("project", filter.project).with("key", filter.api_key).with("model", filter.model.as_ref())
}

#[cfg(test)]
mod tests {
    use domain::usage::{Group, Metric, Range, View};
    use proptest::prelude::*;

    use super::*;

    const FULL: &str = "?range=7d&view=hour&group=key&metric=tokens&tz=Asia/Kathmandu&groups=all\
                        &project=proj_01h2xcejqtf2nbrexx3vqjhp41&key=key_01h2xcejqtf2nbrexx3vqjhp41&model=gpt-5-mini";

    #[test]
    fn everything_survives_a_round_trip() {
        let address = UsageAddress::parse(FULL);
        assert_eq!(address.query.range, Range::Last7Days);
        assert_eq!(address.query.view, Some(View::Hour));
        assert_eq!(address.query.group, Group::ApiKey);
        assert_eq!(address.query.metric, Metric::Tokens);
        assert_eq!(address.href("acme"), format!("/o/acme/usage{FULL}"));
    }

    #[test]
    fn what_can_not_be_used_is_ignored() {
        let address =
            UsageAddress::parse("range=yesterday&view=fortnight&groups=some&project=42&key=&metric=fun&other=1");
        assert_eq!(address, UsageAddress::default());
        assert_eq!(address.href("acme"), "/o/acme/usage");
    }

    proptest! {
        #[test]
        fn any_text_is_an_address(text: String) {
            let _ = UsageAddress::parse(&text);
        }
    }
}
