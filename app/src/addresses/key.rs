use domain::{
    choices,
    ids::ApiKeyId,
    usage::{Filter, Metric, Range, UsageQuery},
};

use super::{logs::LogsAddress, page::Page, query::Query};

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

/// The address of a key's page: `tab`; for usage `range, metric`; for calls
/// `from, to, model, outcome, tz, call`.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct KeyAddress {
    pub id: ApiKeyId,
    pub tab: KeyTab,
    pub range: Range,
    pub metric: Metric,
    /// Address of the calls; its filter names this key.
    pub logs: LogsAddress,
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
        let mut logs = LogsAddress::parse(search);
        logs.filter = Filter { api_key: Some(id), project: None, ..logs.filter };
        let search = Query::parse(search);
        Self {
            id,
            tab: search.get("tab").unwrap_or_default(),
            range: search.get("range").unwrap_or(Self::DEFAULT_RANGE),
            metric: search.get("metric").unwrap_or_default(),
            logs,
        }
    }

    /// The page's full address in the organization with this slug.
    pub fn href(&self, organization: &str) -> String {
        let path = format!("{}/{}", Page::ApiKeys.path(organization), self.id);
        let tab = (self.tab != KeyTab::default()).then_some(self.tab);
        let query = match self.tab {
            KeyTab::Overview => Query::default()
                .with("range", (self.range != Self::DEFAULT_RANGE).then_some(self.range))
                .with("metric", (self.metric != Metric::default()).then_some(self.metric)),
            KeyTab::Calls => self.logs.to_query().with("key", None::<ApiKeyId>),
            KeyTab::History => Query::default(),
        };
        query.with("tab", tab).append_to(&path)
    }

    /// The query for the key's usage.
    pub fn usage(&self) -> UsageQuery {
        let filter = Filter { api_key: Some(self.id), ..Filter::default() };
        UsageQuery { range: self.range, metric: self.metric, filter, ..UsageQuery::default() }
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
            "?from=2026-11-17T14:00:00Z&model=gpt-5-mini&outcome=failed&call=req_01h2xcejqtf2nbrexx3vqjhp41&tab=calls",
            "?tab=history",
        ] {
            assert_eq!(KeyAddress::parse(id(), search).href("acme"), format!("{PATH}{search}"));
        }
    }

    #[test]
    fn it_asks_for_this_key_alone() {
        let address =
            KeyAddress::parse(id(), "?key=key_00000000000000000000000000&project=proj_00000000000000000000000000");
        assert_eq!(address, KeyAddress::new(id()));
        assert_eq!(address.usage().filter.api_key, Some(id()));
        assert_eq!(address.logs.calls(None).filter, address.usage().filter);
    }

    proptest! {
        #[test]
        fn any_text_is_an_address(text: String) {
            let _ = KeyAddress::parse(id(), &text);
        }
    }
}
