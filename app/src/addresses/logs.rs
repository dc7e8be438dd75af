use domain::{
    calls::{CallQuery, OutcomeFilter},
    ids::CallId,
    time::Timestamp,
    usage::{Filter, Range},
};

use super::{
    page::Page,
    query::Query,
    query_reader::QueryReader,
    usage::{filter, with_filter},
};

/// The logs page's address: `range` or `from, to`, and `project, key, model, outcome, tz, call`.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct LogsAddress {
    /// Days relative to today, such as the last seven. `from` and `to` take precedence.
    pub range: Option<Range>,
    /// Only calls that started at or after this time.
    pub from: Option<Timestamp>,
    /// Only calls that started before this time.
    pub to: Option<Timestamp>,
    pub filter: Filter,
    pub outcome: Option<OutcomeFilter>,
    /// An IANA time zone; `None` for the organization's.
    pub time_zone: Option<String>,
    /// The call whose details are open.
    pub call: Option<CallId>,
}

impl LogsAddress {
    /// Parses a query string, with or without its question mark.
    pub fn parse(search: &str) -> Self {
        Self::read(&mut QueryReader::new(search))
    }

    /// The names of values in a query string that can't be used.
    pub fn invalid(search: &str) -> Vec<&'static str> {
        QueryReader::check(search, Self::read)
    }

    pub(super) fn read(query: &mut QueryReader) -> Self {
        let (from, to) = (query.get("from"), query.get("to"));
        if from.zip(to).is_some_and(|(from, to): (Timestamp, Timestamp)| to <= from) {
            query.reject("to");
        }
        Self {
            range: query.get("range").filter(|_| from.is_none() && to.is_none()),
            from,
            to,
            filter: filter(query),
            outcome: query.get("outcome"),
            time_zone: query.time_zone("tz"),
            call: query.get("call"),
        }
    }

    pub fn to_query(&self) -> Query {
        let times = Query::default().with("range", self.range).with("from", self.from).with("to", self.to);
        with_filter(times, &self.filter)
            .with("outcome", self.outcome)
            .with("tz", self.time_zone.as_ref())
            .with("call", self.call)
    }

    /// The page's full address in the organization with this slug.
    pub fn href(&self, organization: &str) -> String {
        self.to_query().append_to(&Page::Logs.path(organization))
    }

    /// The query for the page's calls: the first page, or the one after `before`.
    pub fn calls(&self, before: Option<CallId>) -> CallQuery {
        CallQuery {
            range: self.range,
            // Moments are equal in every zone: only days need one.
            time_zone: self.time_zone.clone().filter(|_| self.range.is_some()),
            from: self.from,
            to: self.to,
            filter: self.filter.clone(),
            outcome: self.outcome,
            before,
        }
    }

    /// The query for the bars above the page's calls, which are hours and days of a zone in any case; `time_zone` is
    /// the organization's.
    pub fn activity(&self, time_zone: String) -> CallQuery {
        CallQuery { time_zone: Some(self.time_zone.clone().unwrap_or(time_zone)), ..self.calls(None) }
    }

    /// Returns the address with other days; `None` for any.
    #[must_use]
    pub fn with_range(self, range: Option<Range>) -> Self {
        Self { range, from: None, to: None, ..self }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const FULL: &str = "?from=2026-11-17T14:00:00Z&to=2026-11-17T15:00:00Z&project=proj_01h2xcejqtf2nbrexx3vqjhp41\
                        &key=key_01h2xcejqtf2nbrexx3vqjhp41&model=gpt-5-mini&outcome=errors&tz=UTC\
                        &call=req_01h2xcejqtf2nbrexx3vqjhp41";

    #[test]
    fn everything_survives_a_round_trip() {
        let address = LogsAddress::parse(FULL);
        assert_eq!(address.outcome, Some(OutcomeFilter::Errors));
        assert_eq!(address.calls(None).from, address.from);
        assert_eq!(address.href("acme"), format!("/o/acme/logs{FULL}"));
    }

    #[test]
    fn days_ask_for_a_zone_and_moments_for_none() {
        let days = LogsAddress::parse("?range=7d&tz=Asia/Kathmandu");
        assert_eq!(days.calls(None).time_zone.as_deref(), Some("Asia/Kathmandu"));
        assert_eq!(days.href("acme"), "/o/acme/logs?range=7d&tz=Asia/Kathmandu");
        let moments = LogsAddress::parse("?range=7d&from=2026-11-17T14:00:00Z&tz=Asia/Kathmandu");
        assert_eq!((moments.range, moments.calls(None).time_zone), (None, None));
        assert_eq!(moments.with_range(Some(Range::Last7Days)), days);
    }

    #[test]
    fn what_can_not_be_used_is_ignored() {
        let address =
            LogsAddress::parse("range=soon&from=yesterday&to=1&outcome=lost&call=key_01h2xcejqtf2nbrexx3vqjhp41");
        assert_eq!(address, LogsAddress::default());
    }

    proptest! {
        #[test]
        fn any_text_is_an_address(text: String) {
            let _ = LogsAddress::parse(&text);
        }
    }
}
