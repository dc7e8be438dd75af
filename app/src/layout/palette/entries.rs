use domain::{api_keys::KeyQuery, permissions::Permission};
use leptos::prelude::*;

use crate::{
    addresses::{KeyAddress, Page, Query, UsageAddress},
    api,
    components::{Icon, lower_case},
    layout::{icon, theme_menu},
    state::{Theme, load_when, settled, use_organization, use_session, use_single_keys},
};

/// What choosing an entry does.
#[derive(Clone, PartialEq)]
pub(super) enum Deed {
    Go(String),
    Theme(Theme),
    Shortcuts,
    SignOut,
}

/// A page, a thing or an act.
#[derive(Clone, PartialEq)]
pub(super) struct Entry {
    pub group: &'static str,
    pub icon: Icon,
    pub label: String,
    /// What tells it from others of the same name.
    pub detail: String,
    pub deed: Deed,
}

impl Entry {
    fn new(group: &'static str, icon: Icon, label: impl Into<String>, deed: Deed) -> Self {
        Self { group, icon, label: label.into(), detail: String::new(), deed }
    }

    fn detailed(mut self, detail: impl Into<String>) -> Self {
        self.detail = detail.into();
        self
    }

    /// Whether each word that was typed is somewhere in it.
    pub(super) fn matches(&self, typed: &str) -> bool {
        let text = lower_case(&format!("{} {} {}", self.label, self.detail, self.group));
        lower_case(typed).split_whitespace().all(|word| text.contains(word))
    }
}

/// Everything that can be reached from here. Keys are found by the server, since there may be thousands.
pub(super) fn entries(open: RwSignal<bool>, typed: RwSignal<String>) -> Signal<Vec<Entry>> {
    let organization = use_organization();
    let session = use_session();
    let single_keys = use_single_keys();
    let slug = organization.slug();
    let typed = settled(typed);
    let keys = load_when({
        let slug = slug.clone();
        move || {
            let wanted = open.get() && organization.may(Permission::ViewApiKeys);
            let query = KeyQuery { search: typed.get(), ..KeyQuery::default() };
            wanted.then(|| api::api_keys::List { organization: slug.clone(), query })
        }
    });
    Signal::derive(move || {
        // Shortcuts of single keys are told where they do something.
        let told = |keys: String| if single_keys.on() { keys } else { String::new() };
        let mut entries = pages(&slug, told, |permission| organization.may(permission));
        organization.projects.with(|projects| {
            for project in projects.into_iter().flatten() {
                let mut address = UsageAddress::default();
                address.query.filter.project = Some(project.id);
                let deed = Deed::Go(address.href(&slug));
                entries.push(Entry::new("Projects", Icon::Folder, &project.name, deed).detailed("usage"));
            }
        });
        keys.with(|keys| {
            for key in keys.into_iter().flat_map(|page| &page.keys) {
                let deed = Deed::Go(KeyAddress::new(key.id).href(&slug));
                entries.push(Entry::new("Keys", Icon::Key, &key.name, deed).detailed(&key.masked));
            }
        });
        session.viewer.with(|viewer| {
            let others = viewer.iter().flat_map(|viewer| &viewer.memberships).filter(|other| other.slug != slug);
            for other in others {
                let deed = Deed::Go(Page::Overview.path(&other.slug));
                entries
                    .push(Entry::new("Organizations", Icon::Building, &other.name, deed).detailed(other.role.label()));
            }
        });
        for theme in Theme::ALL {
            let label = format!("Theme: {}", theme.label().to_ascii_lowercase());
            entries.push(Entry::new("This browser", theme_menu::icon(theme), label, Deed::Theme(theme)));
        }
        entries.push(
            Entry::new("This browser", Icon::Keyboard, "Keyboard shortcuts", Deed::Shortcuts)
                .detailed(told("?".to_owned())),
        );
        entries.push(Entry::new("This browser", Icon::SignOut, "Sign out", Deed::SignOut));
        entries
    })
}

fn pages(slug: &str, told: impl Fn(String) -> String, may: impl Fn(Permission) -> bool) -> Vec<Entry> {
    let mut entries = Vec::new();
    if may(Permission::ManageApiKeys) {
        let address = Query::default().with("new", Some("key")).on(&Page::ApiKeys.path(slug));
        entries.push(Entry::new("Acts", Icon::Plus, "Create key", Deed::Go(address)));
    }
    for page in Page::ALL.into_iter().filter(|page| may(page.permission())) {
        let detail = told(format!("g {}", super::super::shortcuts::key(page)));
        entries.push(Entry::new("Pages", icon(page), page.label(), Deed::Go(page.path(slug))).detailed(detail));
    }
    entries.push(Entry::new("Pages", Icon::User, "Your account", Deed::Go("/account".to_owned())));
    entries
}
