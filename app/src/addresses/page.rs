use domain::{
    ids::{ApiKeyId, CallId, ProjectId},
    permissions::Permission,
};

use super::query::Query;

/// A page of an organization.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub enum Page {
    Overview,
    ApiKeys,
    Logs,
    Usage,
    Settings,
    Notifications,
}

impl Page {
    pub const ALL: [Self; 6] =
        [Self::Overview, Self::ApiKeys, Self::Logs, Self::Usage, Self::Settings, Self::Notifications];

    /// The last part of the page's path; empty for the overview.
    pub const fn slug(self) -> &'static str {
        match self {
            Self::Overview => "",
            Self::ApiKeys => "keys",
            Self::Logs => "logs",
            Self::Usage => "usage",
            Self::Settings => "settings",
            Self::Notifications => "notifications",
        }
    }

    /// The page's name in menus and titles.
    pub const fn label(self) -> &'static str {
        match self {
            Self::Overview => "Overview",
            Self::ApiKeys => "API keys",
            Self::Logs => "Logs",
            Self::Usage => "Usage",
            Self::Settings => "Settings",
            Self::Notifications => "Notifications",
        }
    }

    /// The permission a member needs to see the page.
    pub const fn permission(self) -> Permission {
        match self {
            Self::Overview => Permission::ViewOverview,
            Self::ApiKeys => Permission::ViewApiKeys,
            Self::Logs => Permission::ViewLogs,
            Self::Usage => Permission::ViewUsage,
            Self::Settings => Permission::ManageSettings,
            Self::Notifications => Permission::ViewNotifications,
        }
    }

    /// Whether the page can be narrowed to a project.
    pub const fn has_projects(self) -> bool {
        matches!(self, Self::ApiKeys | Self::Logs | Self::Usage)
    }

    /// Whether everything on the page belongs to projects.
    pub const fn needs_project(self) -> bool {
        matches!(self, Self::Overview | Self::ApiKeys | Self::Logs | Self::Usage)
    }

    /// The page's path in the organization with this slug.
    pub fn path(self, organization: &str) -> String {
        match self {
            Self::Overview => format!("/o/{organization}"),
            _ => format!("/o/{organization}/{}", self.slug()),
        }
    }

    /// The page's address in the organization with this slug, narrowed to `project` if it can be.
    pub fn href(self, organization: &str, project: Option<ProjectId>) -> String {
        let project = project.filter(|_| self.has_projects());
        Query::default().with("project", project).append_to(&self.path(organization))
    }
}

/// A parsed path of the dashboard.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Address {
    SignIn,
    SignUp,
    Account,
    /// A page of the organization that was visited last: `/`, `/keys`.
    Last(Page),
    /// A page of the organization with this slug: `/o/acme/keys`.
    Organization(String, Page),
    /// The page of an API key of the organization with this slug: `/o/acme/keys/key_01jd…`.
    ApiKey(String, ApiKeyId),
    /// The page of a call of the organization with this slug: `/o/acme/logs/req_01jd…`.
    Call(String, CallId),
}

impl Address {
    /// Parses `path`; `None` if it isn't one of the dashboard's.
    pub fn parse(path: &str) -> Option<Self> {
        let parts: Vec<&str> = path.split('/').filter(|part| !part.is_empty()).collect();
        let page = |slug: &str| Page::ALL.into_iter().find(|page| page.slug() == slug);
        match parts[..] {
            [] => Some(Self::Last(Page::Overview)),
            ["sign-in"] => Some(Self::SignIn),
            ["sign-up"] => Some(Self::SignUp),
            ["account"] => Some(Self::Account),
            [slug] => page(slug).map(Self::Last),
            ["o", organization] => Some(Self::Organization(organization.to_owned(), Page::Overview)),
            ["o", organization, slug] => page(slug).map(|page| Self::Organization(organization.to_owned(), page)),
            ["o", organization, slug, id] if slug == Page::ApiKeys.slug() => {
                id.parse().ok().map(|id| Self::ApiKey(organization.to_owned(), id))
            }
            ["o", organization, slug, id] if slug == Page::Logs.slug() => {
                id.parse().ok().map(|id| Self::Call(organization.to_owned(), id))
            }
            _ => None,
        }
    }

    /// The slug of the organization that `path` is in, whether or not there is a page.
    pub fn organization_in(path: &str) -> Option<&str> {
        path.strip_prefix("/o/")?.split('/').next().filter(|slug| !slug.is_empty())
    }

    /// The organization's slug and the page that the address belongs to, if any.
    pub fn location(&self) -> Option<(&str, Page)> {
        match self {
            Self::Organization(slug, page) => Some((slug, *page)),
            Self::ApiKey(slug, _) => Some((slug, Page::ApiKeys)),
            Self::Call(slug, _) => Some((slug, Page::Logs)),
            Self::SignIn | Self::SignUp | Self::Account | Self::Last(_) => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_page_is_found_by_its_path() {
        for page in Page::ALL {
            assert_eq!(Address::parse(&page.path("acme")), Some(Address::Organization("acme".to_owned(), page)));
        }
        assert_eq!(Address::parse("/"), Some(Address::Last(Page::Overview)));
        assert_eq!(Address::parse("/keys"), Some(Address::Last(Page::ApiKeys)));
        assert_eq!(Address::parse("/sign-in"), Some(Address::SignIn));
    }

    #[test]
    fn a_link_keeps_the_project_where_the_page_can_be_narrowed_to_it() {
        let project = "proj_01h2xcejqtf2nbrexx3vqjhp41".parse().ok();
        assert_eq!(Page::Logs.href("acme", project), "/o/acme/logs?project=proj_01h2xcejqtf2nbrexx3vqjhp41");
        assert_eq!(Page::Logs.href("acme", None), "/o/acme/logs");
        assert_eq!(Page::Settings.href("acme", project), "/o/acme/settings");
    }

    #[test]
    fn a_path_without_a_page_may_be_within_an_organization() {
        assert_eq!(Address::organization_in("/o/acme/nothing"), Some("acme"));
        assert_eq!(Address::organization_in("/o/acme"), Some("acme"));
        for path in ["/o/", "/o", "/nothing", "/sign-in", ""] {
            assert_eq!(Address::organization_in(path), None, "{path}");
        }
    }

    #[test]
    fn a_key_is_found_by_its_id() {
        let id: ApiKeyId = "key_01h2xcejqtf2nbrexx3vqjhp41".parse().unwrap();
        let address = Address::parse("/o/acme/keys/key_01h2xcejqtf2nbrexx3vqjhp41").unwrap();
        assert_eq!(address, Address::ApiKey("acme".to_owned(), id));
        assert_eq!(address.location(), Some(("acme", Page::ApiKeys)));
    }

    #[test]
    fn a_call_is_found_by_its_id() {
        let id: CallId = "req_01h2xcejqtf2nbrexx3vqjhp41".parse().unwrap();
        let address = Address::parse("/o/acme/logs/req_01h2xcejqtf2nbrexx3vqjhp41").unwrap();
        assert_eq!(address, Address::Call("acme".to_owned(), id));
        assert_eq!(address.location(), Some(("acme", Page::Logs)));
    }

    #[test]
    fn other_paths_are_nobodys() {
        for path in [
            "/o",
            "/o/acme/nothing",
            "/o/acme/keys/1",
            "/o/acme/logs/key_01h2xcejqtf2nbrexx3vqjhp41",
            "/nothing",
            "/sign-in/x",
        ] {
            assert_eq!(Address::parse(path), None, "{path}");
        }
    }
}
