use domain::{
    calls::{Bounds, CallBounds, CallQuery, OutcomeFilter, SearchText, format_millis, parse_millis},
    ids::CallId,
    money::Money,
    time::Timestamp,
    usage::{Filter, Range, StatusFilter},
};

use super::{
    page::Page,
    query::Query,
    query_reader::QueryReader,
    usage::{filter, with_filter},
};

/// The logs page's address: `range` or `from, to`; the filters of usage; `min-cost, max-cost` in US dollars, `min-latency,
/// max-latency` in milliseconds, `min-tokens, max-tokens, text`; `tz, call`.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct LogsAddress {
    /// Days relative to today, such as the last seven. `from` and `to` take precedence.
    pub range: Option<Range>,
    /// Only calls that started at or after this time.
    pub from: Option<Timestamp>,
    /// Only calls that started before this time.
    pub to: Option<Timestamp>,
    pub filter: Filter,
    pub bounds: CallBounds,
    /// Text in stored bodies.
    pub text: Option<String>,
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
        let mut filter = filter(query);
        // Links of former versions name one outcome.
        if let Some(outcome) = query.get::<OutcomeFilter>("outcome") {
            let status = StatusFilter::Outcome(outcome);
            if !filter.statuses.contains(&status) {
                filter.statuses.push(status);
            }
        }
        Self {
            range: query.get("range").filter(|_| from.is_none() && to.is_none()),
            from,
            to,
            filter,
            bounds: CallBounds {
                cost: bounds(query, ["min-cost", "max-cost"], |text| text.parse().ok(), Money::ZERO),
                duration_us: bounds(query, ["min-latency", "max-latency"], parse_millis, 0),
                tokens: bounds(query, ["min-tokens", "max-tokens"], |text| text.parse().ok(), 0),
            },
            text: query.text("text", SearchText::MAX_TEXT_LENGTH),
            time_zone: query.time_zone("tz"),
            call: query.get("call"),
        }
    }

    pub fn to_query(&self) -> Query {
        let times = Query::default().with("range", self.range).with("from", self.from).with("to", self.to);
        let CallBounds { cost, duration_us, tokens } = &self.bounds;
        with_filter(times, &self.filter)
            .with("min-cost", cost.min)
            .with("max-cost", cost.max)
            .with("min-latency", duration_us.min.map(format_millis))
            .with("max-latency", duration_us.max.map(format_millis))
            .with("min-tokens", tokens.min)
            .with("max-tokens", tokens.max)
            .with("text", self.text.as_ref())
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
            bounds: self.bounds.clone(),
            text: self.text.clone(),
            before,
        }
    }

    /// The query for the bars above the page's calls and for its facets, which are of hours and days of a zone in any
    /// case; `time_zone` is the organization's. Nothing is counted by texts in bodies.
    pub fn activity(&self, time_zone: String) -> CallQuery {
        let time_zone = Some(self.time_zone.clone().unwrap_or(time_zone));
        CallQuery { time_zone, text: None, ..self.calls(None) }
    }

    /// What the search field says.
    pub fn search(&self) -> SearchText {
        SearchText {
            filter: self.filter.clone(),
            bounds: self.bounds.clone(),
            text: self.text.clone(),
            call: self.call,
        }
    }

    /// Returns the address with another search.
    #[must_use]
    pub fn with_search(self, search: SearchText) -> Self {
        let SearchText { filter, bounds, text, call } = search;
        Self { filter, bounds, text, call, ..self }
    }

    /// Returns the address with other days; `None` for any.
    #[must_use]
    pub fn with_range(self, range: Option<Range>) -> Self {
        Self { range, from: None, to: None, ..self }
    }
}

/// Reads the least and the greatest value of a quantity, neither below `zero`.
fn bounds<T: Copy + PartialOrd>(
    query: &mut QueryReader,
    [least, greatest]: [&'static str; 2],
    parse: impl Fn(&str) -> Option<T>,
    zero: T,
) -> Bounds<T> {
    /// In bytes; longer than any number.
    const MAX_NUMBER_LENGTH: usize = 30;
    let mut read = |name: &'static str| {
        let text = query.text(name, MAX_NUMBER_LENGTH)?;
        let value = parse(&text).filter(|value| *value >= zero);
        if value.is_none() {
            query.reject(name);
        }
        value
    };
    let (min, max) = (read(least), read(greatest));
    if min.zip(max).is_some_and(|(min, max)| min > max) {
        query.reject(greatest);
    }
    Bounds { min, max }
}

#[cfg(test)]
mod tests {
    use domain::calls::SearchNames;
    use proptest::prelude::*;

    use super::*;

    const FULL: &str = "?from=2026-11-17T14:00:00Z&to=2026-11-17T15:00:00Z&project=proj_01h2xcejqtf2nbrexx3vqjhp41\
                        &key=key_01h2xcejqtf2nbrexx3vqjhp41&model=gpt-5-mini&status=errors&status=429\
                        &min-cost=0.01&min-latency=250.5&max-tokens=1000&text=no+such+file&tz=UTC\
                        &call=req_01h2xcejqtf2nbrexx3vqjhp41";

    #[test]
    fn everything_survives_a_round_trip() {
        let address = LogsAddress::parse(FULL);
        assert_eq!(address.filter.statuses, [StatusFilter::Outcome(OutcomeFilter::Errors), StatusFilter::Code(429)]);
        assert_eq!(address.bounds.cost.min, "0.01".parse().ok());
        assert_eq!(address.bounds.duration_us, Bounds { min: Some(250_500), max: None });
        assert_eq!(address.calls(None).from, address.from);
        assert_eq!(address.href("acme"), format!("/o/acme/logs{FULL}"));
    }

    #[test]
    fn the_search_field_says_what_the_address_says() {
        let address = LogsAddress::parse(FULL);
        let text = address.search().print(&SearchNames::default());
        let search = SearchText::parse(&text, &SearchNames::default()).unwrap();
        assert_eq!(LogsAddress { range: None, ..address.clone() }.with_search(search), address);
        assert_eq!(address.activity("UTC".to_owned()).text, None);
    }

    #[test]
    fn links_of_former_versions_are_read() {
        let address = LogsAddress::parse("?outcome=errors&model=a");
        assert_eq!(address.href("acme"), "/o/acme/logs?model=a&status=errors");
        assert_eq!(LogsAddress::parse("?outcome=errors&status=errors"), LogsAddress::parse("?status=errors"));
    }

    #[test]
    fn bounds_that_no_call_is_within_are_named() {
        for (search, invalid) in [
            ("min-cost=-1&max-latency=fast", &["min-cost", "max-latency"][..]),
            ("min-tokens=5&max-tokens=4", &["max-tokens"]),
            ("min-tokens=4&max-tokens=4&max-cost=0", &[]),
        ] {
            assert_eq!(LogsAddress::invalid(search), invalid, "{search}");
        }
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
