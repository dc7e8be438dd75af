use super::{page::Page, query::Query};

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
        Self { unread_only: Query::parse(search).text("show") == Some(UNREAD) }
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
