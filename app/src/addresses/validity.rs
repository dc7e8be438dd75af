use super::{
    call::CallAddress,
    key::KeyAddress,
    keys::KeysAddress,
    logs::LogsAddress,
    notifications::NotificationsAddress,
    page::{Address, Page},
    usage::UsageAddress,
};

impl Address {
    /// The names of values in the query string that the page at this address can't use.
    pub fn invalid(&self, search: &str) -> Vec<&'static str> {
        match self {
            Self::Organization(_, Page::ApiKeys) => KeysAddress::invalid(search),
            Self::Organization(_, Page::Logs) => LogsAddress::invalid(search),
            Self::Organization(_, Page::Usage) => UsageAddress::invalid(search),
            Self::Organization(_, Page::Notifications) => NotificationsAddress::invalid(search),
            Self::ApiKey(..) => KeyAddress::invalid(search),
            Self::Call(..) => CallAddress::invalid(search),
            Self::Organization(_, Page::Overview | Page::Settings)
            | Self::Last(_)
            | Self::SignIn
            | Self::SignUp
            | Self::Account => Vec::new(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn invalid(address: &str) -> Vec<&'static str> {
        let (path, search) = address.split_once('?').unwrap_or((address, ""));
        Address::parse(path).unwrap().invalid(search)
    }

    #[test]
    fn a_link_with_a_bad_filter_is_not_one_to_everything() {
        const KEY: &str = "key_01h2xcejqtf2nbrexx3vqjhp41";
        for (address, names) in [
            ("/o/acme/usage?project=nope", &["project"][..]),
            (&format!("/o/acme/usage?key={KEY},bad"), &["key"]),
            ("/o/acme/usage?range=banana&view=fortnight&group=mood&metric=fun", &["range", "view", "group", "metric"]),
            ("/o/acme/logs?from=yesterday&to=1&outcome=lost&call=1", &["from", "to", "outcome", "call"]),
            ("/o/acme/logs?from=2026-11-17T14:00:00Z&to=2026-11-17T13:00:00Z", &["to"]),
            ("/o/acme/logs?tz=%3Cb%3E", &["tz"]),
            ("/o/acme/logs?min-cost=cheap&min-tokens=2&max-tokens=1", &["min-cost", "max-tokens"]),
            ("/o/acme/keys?status=lost&level=root&project=1&hint=bad", &["status", "level", "project", "hint"]),
            ("/o/acme/keys?sort=size&reversed=yes&page=0", &["sort", "reversed", "page"]),
            (&format!("/o/acme/keys/{KEY}?tab=secrets&range=2026-02-30..2026-03-01"), &["tab", "range"]),
            ("/o/acme/logs/req_01h2xcejqtf2nbrexx3vqjhp41?tz=%3Cb%3E", &["tz"]),
            ("/o/acme/notifications?show=some", &["show"]),
        ] {
            let mut found = invalid(address);
            found.sort_unstable();
            let mut names = names.to_vec();
            names.sort_unstable();
            assert_eq!(found, names, "{address}");
        }
    }

    #[test]
    fn links_of_the_dashboard_and_unknown_names_are_valid() {
        for address in [
            "/o/acme",
            "/o/acme/usage?range=7d&utm_source=mail",
            "/o/acme/keys?q=&page=2&new=key",
            "/o/acme/logs?from=2026-11-17T14:00:00Z",
            "/o/acme/notifications?show=unread",
            "/account?range=banana",
        ] {
            assert_eq!(invalid(address), Vec::<&str>::new(), "{address}");
        }
    }
}
