use domain::ids::CallId;

use super::{page::Page, query::Query, query_reader::QueryReader};

/// The address of a call's own page: `tz`. It shows the same to whoever opens it, whatever list it was found in.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct CallAddress {
    pub id: CallId,
    /// An IANA time zone; `None` for the organization's.
    pub time_zone: Option<String>,
}

impl CallAddress {
    /// The address of a call's page as it first opens.
    pub const fn new(id: CallId) -> Self {
        Self { id, time_zone: None }
    }

    /// Parses the query string of a call's page, with or without its question mark.
    pub fn parse(id: CallId, search: &str) -> Self {
        Self { id, time_zone: Self::read(&mut QueryReader::new(search)) }
    }

    /// The names of values in a query string that can't be used.
    pub fn invalid(search: &str) -> Vec<&'static str> {
        QueryReader::check(search, Self::read)
    }

    /// Reads everything but the call, which is in the path.
    fn read(query: &mut QueryReader) -> Option<String> {
        query.time_zone("tz")
    }

    /// The page's full address in the organization with this slug.
    pub fn href(&self, organization: &str) -> String {
        let path = format!("{}/{}", Page::Logs.path(organization), self.id);
        Query::default().with("tz", self.time_zone.as_ref()).append_to(&path)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_call_has_one_address() {
        let id: CallId = "req_01h2xcejqtf2nbrexx3vqjhp41".parse().unwrap();
        for search in ["", "?tz=Asia/Kathmandu"] {
            let address = CallAddress::parse(id, search);
            assert_eq!(address.href("acme"), format!("/o/acme/logs/req_01h2xcejqtf2nbrexx3vqjhp41{search}"));
        }
        assert_eq!(CallAddress::parse(id, "?tz=%3Cb%3E"), CallAddress::new(id));
        assert_eq!(CallAddress::invalid("?tz=%3Cb%3E"), ["tz"]);
    }
}
