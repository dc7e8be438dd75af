use domain::{
    choices,
    ids::{ApiKeyId, ProjectId},
    usage::{Filter, Metric, Range, UsageQuery},
};

use super::{logs::LogsAddress, page::Page, query::Query, query_reader::QueryReader};

choices! {
    /// A tab of a key's page.
    #[derive(Default)]
    KeyTab, "tab" {
        /// The key's settings and usage.
        #[default]
        Overview = "overview", "Overview";
        /// The key's calls, one by one.
        Calls = "calls", "Calls";
        /// Changes to the key.
        History = "history", "History";
    }
}

/// The address of a key's page: `tab, tz, project`; for usage `range, metric`; for calls
/// `from, to, call` and those of the filter.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct KeyAddress {
    pub id: ApiKeyId,
    pub tab: KeyTab,
    pub range: Range,
    pub metric: Metric,
    /// Address of the calls; its filter names this key. Its time zone is that of all tabs.
    pub logs: LogsAddress,
    /// The project that the other pages are narrowed to. This one is narrowed to the key already.
    pub project: Option<ProjectId>,
}

impl KeyAddress {
    /// The range of usage unless the address has one.
    const DEFAULT_RANGE: Range = Range::Last30Days;

    /// The address of a key's page as it first opens.
    pub fn new(id: ApiKeyId) -> Self {
        Self::parse(id, "")
    }

    /// Parses the query string of a key's page, with or without its question mark.
    pub fn parse(id: ApiKeyId, search: &str) -> Self {
        Self::read(&mut QueryReader::new(search))(id)
    }

    /// The names of values in a query string that can't be used.
    pub fn invalid(search: &str) -> Vec<&'static str> {
        QueryReader::check(search, Self::read)
    }

    /// Reads everything but the key, which is in the path.
    fn read(query: &mut QueryReader) -> impl FnOnce(ApiKeyId) -> Self + use<> {
        let mut logs = LogsAddress::read(query);
        // The pages are narrowed to one project; this one is narrowed to the key, which is in one.
        let projects = std::mem::take(&mut logs.filter.projects);
        let project = projects.first().copied();
        if projects.len() > 1 {
            query.reject("project");
        }
        let tab = query.get("tab").unwrap_or_default();
        let range = query.get("range").unwrap_or(Self::DEFAULT_RANGE);
        let metric = query.get("metric").unwrap_or_default();
        move |id| {
            logs.filter.api_keys = vec![id];
            Self { id, tab, range, metric, logs, project }
        }
    }

    /// Returns the address with the project that the other pages are narrowed to.
    #[must_use]
    pub fn within(self, project: Option<ProjectId>) -> Self {
        Self { project, ..self }
    }

    /// The page's full address in the organization with this slug.
    pub fn href(&self, organization: &str) -> String {
        let path = format!("{}/{}", Page::ApiKeys.path(organization), self.id);
        let tab = (self.tab != KeyTab::default()).then_some(self.tab);
        let query = match self.tab {
            KeyTab::Overview => Query::default()
                .with("range", (self.range != Self::DEFAULT_RANGE).then_some(self.range))
                .with("metric", (self.metric != Metric::default()).then_some(self.metric))
                .with("tz", self.logs.time_zone.as_ref()),
            KeyTab::Calls => self.logs.to_query().with("key", None::<ApiKeyId>),
            KeyTab::History => Query::default().with("tz", self.logs.time_zone.as_ref()),
        };
        query.with("project", self.project).with("tab", tab).append_to(&path)
    }

    /// The query for the key's usage.
    pub fn usage(&self) -> UsageQuery {
        let filter = Filter { api_keys: vec![self.id], ..Filter::default() };
        let time_zone = self.logs.time_zone.clone();
        UsageQuery { range: self.range, metric: self.metric, filter, time_zone, ..UsageQuery::default() }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const PATH: &str = "/o/acme/keys/key_01h2xcejqtf2nbrexx3vqjhp41";

    fn id() -> ApiKeyId {
        "key_01h2xcejqtf2nbrexx3vqjhp41".parse().unwrap()
    }

    #[test]
    fn each_tab_survives_a_round_trip() {
        for search in [
            "",
            "?range=7d&metric=calls",
            "?range=7d&tz=Asia/Kathmandu&project=proj_01h2xcejqtf2nbrexx3vqjhp41",
            "?from=2026-11-17T14:00:00Z&model=gpt-5-mini&status=failed&call=req_01h2xcejqtf2nbrexx3vqjhp41&tab=calls",
            "?tz=UTC&project=proj_01h2xcejqtf2nbrexx3vqjhp41&tab=history",
        ] {
            assert_eq!(KeyAddress::parse(id(), search).href("acme"), format!("{PATH}{search}"));
        }
    }

    #[test]
    fn it_asks_for_this_key_alone() {
        let address =
            KeyAddress::parse(id(), "?key=key_00000000000000000000000000&project=proj_00000000000000000000000000");
        let project = address.project;
        assert_eq!(address, KeyAddress::new(id()).within(project));
        assert_eq!(project.map(|id| id.to_string()).as_deref(), Some("proj_00000000000000000000000000"));
        assert_eq!(address.usage().filter.api_keys, [id()]);
        assert_eq!(address.logs.calls(None).filter, address.usage().filter);
    }

    proptest! {
        #[test]
        fn any_text_is_an_address(text: String) {
            let _ = KeyAddress::parse(id(), &text);
        }
    }
}
