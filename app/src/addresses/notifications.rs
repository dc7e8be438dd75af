use super::{page::Page, query::Query, query_reader::QueryReader};

/// Value of `show` for unread notifications.
const UNREAD: &str = "unread";

/// The address of the inbox: `show`.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct NotificationsAddress {
    /// Whether only unread notifications are shown.
    pub unread_only: bool,
}

impl NotificationsAddress {
    /// Parses a query string, with or without its question mark.
    pub fn parse(search: &str) -> Self {
        Self::read(&mut QueryReader::new(search))
    }

    /// The names of values in a query string that can't be used.
    pub fn invalid(search: &str) -> Vec<&'static str> {
        QueryReader::check(search, Self::read)
    }

    fn read(query: &mut QueryReader) -> Self {
        Self { unread_only: query.flag("show", UNREAD) }
    }

    /// The page's full address in the organization with this slug.
    pub fn href(&self, organization: &str) -> String {
        Query::default()
            .with("show", self.unread_only.then_some(UNREAD))
            .append_to(&Page::Notifications.path(organization))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_filter_survives_a_round_trip_and_anything_else_is_ignored() {
        let unread = NotificationsAddress { unread_only: true };
        assert_eq!(unread.href("acme"), "/o/acme/notifications?show=unread");
        assert_eq!(NotificationsAddress::parse("?show=unread"), unread);
        assert_eq!(NotificationsAddress::parse("show=some").href("acme"), "/o/acme/notifications");
    }
}
