use domain::{
    calls::{CallQuery, Outcome},
    ids::CallId,
    time::Timestamp,
    usage::Filter,
};

use super::{
    Page, Query,
    usage::{filter, with_filter},
};

/// The logs page's address: `from, to, project, key, model, outcome, tz, call`.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct LogsAddress {
    /// Started at or after.
    pub from: Option<Timestamp>,
    /// Started before.
    pub to: Option<Timestamp>,
    pub filter: Filter,
    pub outcome: Option<Outcome>,
    /// An IANA time zone; `None` for the organization's.
    pub time_zone: Option<String>,
    /// The call that is open.
    pub call: Option<CallId>,
}

impl LogsAddress {
    /// Reads a query string, with or without its question mark.
    pub fn parse(search: &str) -> Self {
        let search = Query::parse(search);
        Self {
            from: search.get("from"),
            to: search.get("to"),
            filter: filter(&search),
            outcome: search.get("outcome"),
            time_zone: search.time_zone("tz"),
            call: search.get("call"),
        }
    }

    pub fn to_query(&self) -> Query {
        with_filter(Query::default().with("from", self.from).with("to", self.to), &self.filter)
            .with("outcome", self.outcome)
            .with("tz", self.time_zone.as_ref())
            .with("call", self.call)
    }

    /// The page's whole address in the organization with this slug.
    pub fn href(&self, organization: &str) -> String {
        self.to_query().on(&Page::Logs.path(organization))
    }

    /// What the page asks: its first page of calls, or the one after `before`.
    pub fn calls(&self, before: Option<CallId>) -> CallQuery {
        CallQuery { from: self.from, to: self.to, filter: self.filter.clone(), outcome: self.outcome, before }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const FULL: &str = "?from=2026-11-17T14:00:00Z&to=2026-11-17T15:00:00Z&project=proj_01h2xcejqtf2nbrexx3vqjhp41\
                        &key=key_01h2xcejqtf2nbrexx3vqjhp41&model=gpt-5-mini&outcome=failed&tz=UTC\
                        &call=req_01h2xcejqtf2nbrexx3vqjhp41";

    #[test]
    fn everything_survives_a_round_trip() {
        let address = LogsAddress::parse(FULL);
        assert_eq!(address.outcome, Some(Outcome::Failed));
        assert_eq!(address.calls(None).from, address.from);
        assert_eq!(address.href("acme"), format!("/o/acme/logs{FULL}"));
    }

    #[test]
    fn what_can_not_be_used_is_ignored() {
        let address = LogsAddress::parse("from=yesterday&to=1&outcome=lost&call=key_01h2xcejqtf2nbrexx3vqjhp41");
        assert_eq!(address, LogsAddress::default());
    }

    proptest! {
        #[test]
        fn any_text_is_an_address(text: String) {
            let _ = LogsAddress::parse(&text);
        }
    }
}
