use std::num::NonZero;

use domain::{
    api_keys::{HintKind, KeyQuery, KeySort, Level, Status},
    ids::{ProjectId, UserId},
};

use super::{page::Page, query::Query, query_reader::QueryReader};

/// The address of the list of API keys: `q, status, level, project, creator, hint, sort, reversed, page`.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct KeysAddress {
    /// The page's query. The address counts pages from 1, the query from 0.
    pub query: KeyQuery,
    /// Whether the form for a new key is open: `new=key`.
    pub creating: bool,
}

impl KeysAddress {
    /// Maximum length of a search text, in bytes.
    pub const MAX_SEARCH_LENGTH: usize = 200;

    /// Parses a query string, with or without its question mark.
    pub fn parse(search: &str) -> Self {
        Self::read(&mut QueryReader::new(search))
    }

    /// The names of values in a query string that can't be used.
    pub fn invalid(search: &str) -> Vec<&'static str> {
        QueryReader::check(search, Self::read)
    }

    fn read(query: &mut QueryReader) -> Self {
        let page: Option<NonZero<u32>> = query.get("page");
        Self {
            query: KeyQuery {
                search: query.optional_text("q", Self::MAX_SEARCH_LENGTH),
                status: query.get::<Status>("status"),
                level: query.get::<Level>("level"),
                project: query.get::<ProjectId>("project"),
                creator: query.get::<UserId>("creator"),
                hint: query.get::<HintKind>("hint"),
                sort: query.get::<KeySort>("sort").unwrap_or_default(),
                reversed: query.get("reversed").unwrap_or_default(),
                page: page.map_or(0, |page| page.get() - 1),
            },
            creating: query.flag("new", "key"),
        }
    }

    /// The values that differ from the list as it first opens.
    pub fn to_query(&self) -> Query {
        let query = &self.query;
        Query::default()
            .with("q", (!query.search.is_empty()).then_some(&query.search))
            .with("status", query.status.map(Status::name))
            .with("level", query.level)
            .with("project", query.project)
            .with("creator", query.creator)
            .with("hint", query.hint)
            .with("sort", (query.sort != KeySort::default()).then_some(query.sort))
            .with("reversed", query.reversed.then_some(true))
            .with("page", (query.page > 0).then_some(query.page.saturating_add(1)))
            .with("new", self.creating.then_some("key"))
    }

    /// The page's full address in the organization with this slug.
    pub fn href(&self, organization: &str) -> String {
        self.to_query().append_to(&Page::ApiKeys.path(organization))
    }

    /// Returns the address with a changed query, on its first page.
    #[must_use]
    pub fn narrowed(&self, narrow: impl FnOnce(&mut KeyQuery)) -> Self {
        let mut query = KeyQuery { page: 0, ..self.query.clone() };
        narrow(&mut query);
        Self { query, creating: false }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const FULL: &str = "?q=web+app&status=rotating&level=standard&project=proj_01h2xcejqtf2nbrexx3vqjhp41\
                        &creator=user_01h2xcejqtf2nbrexx3vqjhp41&hint=wide\
                        &sort=used&reversed=true&page=3&new=key";

    #[test]
    fn everything_survives_a_round_trip() {
        let address = KeysAddress::parse(FULL);
        assert_eq!(address.query.search, "web app");
        assert_eq!(address.query.status, Some(Status::Rotating));
        assert_eq!(address.query.hint, Some(HintKind::Wide));
        assert_eq!(address.query.sort, KeySort::LastUsed);
        assert_eq!(address.query.page, 2);
        assert!(address.query.reversed && address.creating);
        assert_eq!(address.href("acme"), format!("/o/acme/keys{FULL}"));
    }

    #[test]
    fn what_can_not_be_used_is_ignored() {
        let long = "x".repeat(KeysAddress::MAX_SEARCH_LENGTH + 1);
        let odd = format!("q={long}&status=lost&level=root&project=1&hint=bad&sort=size&reversed=yes&page=-1&new=");
        let address = KeysAddress::parse(&odd);
        assert_eq!(address, KeysAddress::default());
        assert_eq!(address.href("acme"), "/o/acme/keys");
    }

    #[test]
    fn the_first_page_is_the_same_with_and_without_its_number() {
        for first in ["page=1", ""] {
            assert_eq!(KeysAddress::parse(first).query.page, 0);
        }
    }

    #[test]
    fn a_list_narrowed_anew_begins_with_its_first_page() {
        let narrowed = KeysAddress::parse(FULL).narrowed(|query| query.status = None);
        assert_eq!((narrowed.query.page, narrowed.query.status, narrowed.creating), (0, None, false));
        assert_eq!(narrowed.query.search, "web app");
    }

    proptest! {
        #[test]
        fn any_text_is_an_address(text: String) {
            let _ = KeysAddress::parse(&text);
        }

        #[test]
        fn any_search_on_any_page_survives_a_round_trip(search in "\\PC{0,40}", page in 0..u32::MAX, reversed: bool) {
            let query = KeyQuery { search, page, reversed, ..KeyQuery::default() };
            let address = KeysAddress { query, creating: false };
            let written = address.to_query().append_to("");
            prop_assert_eq!(KeysAddress::parse(&written), address);
        }
    }
}
