use domain::{api_keys::KeyQuery, ids::ProjectId, permissions::Permission};
use leptos::prelude::*;

use crate::{
    addresses::{KeyAddress, Page, Query, UsageAddress, saved_view_href},
    api,
    components::{Icon, ListedOption},
    layout::{icon, theme_menu},
    lean::lower_case,
    state::{Theme, debounced, load_when, use_organization, use_project, use_session, use_single_keys},
};

/// The effect of choosing an entry.
#[derive(Clone, PartialEq)]
pub(super) enum EntryAction {
    Go(String),
    Theme(Theme),
    Shortcuts,
    SignOut,
}

/// An entry of the palette: a page, a saved view, a key, a project, an organization or an action.
#[derive(Clone, PartialEq)]
pub(super) struct Entry {
    pub shown: ListedOption,
    pub action: EntryAction,
}

impl Entry {
    fn new(group: &'static str, icon: Icon, label: impl Into<String>, action: EntryAction) -> Self {
        let shown = ListedOption { group, icon: Some(icon), label: label.into(), ..ListedOption::default() };
        Self { shown, action }
    }

    fn with_detail(mut self, detail: impl Into<String>) -> Self {
        self.shown.detail = detail.into();
        self
    }

    fn with_shortcut(mut self, shortcut: String) -> Self {
        self.shown.shortcut = shortcut;
        self
    }

    /// Whether the entry contains each word that was typed.
    pub(super) fn matches(&self, typed: &str) -> bool {
        let ListedOption { group, label, detail, shortcut, .. } = &self.shown;
        let text = lower_case(&format!("{label} {detail} {shortcut} {group}"));
        lower_case(typed).split_whitespace().all(|word| text.contains(word))
    }
}

/// All entries that the user can choose. The server searches the keys, since there may be thousands.
pub(super) fn entries(open: RwSignal<bool>, typed: RwSignal<String>) -> Signal<Vec<Entry>> {
    let organization = use_organization();
    let session = use_session();
    let single_keys = use_single_keys();
    let project = use_project();
    let slug = organization.slug();
    let typed = debounced(typed);
    let keys = load_when({
        let slug = slug.clone();
        move || {
            let searches_keys = open.get() && organization.may(Permission::ViewApiKeys);
            let query = KeyQuery { search: typed.get(), ..KeyQuery::default() };
            searches_keys.then(|| api::api_keys::List { organization: slug.clone(), query })
        }
    });
    let views = load_when({
        let slug = slug.clone();
        move || open.get().then(|| api::saved_views::List { organization: slug.clone() })
    });
    Signal::derive(move || {
        // Shortcuts of single keys are shown only while they are switched on.
        let shown_keys = |keys: String| if single_keys.is_on() { keys } else { String::new() };
        let mut entries = pages(&slug, project.get(), shown_keys, |permission| organization.may(permission));
        views.with(|views| {
            for view in views.into_iter().flatten() {
                let action = EntryAction::Go(saved_view_href(&slug, view));
                let detail = if view.shared { "shared" } else { "" };
                let page = view.page.label();
                entries.push(
                    Entry::new("Views", Icon::List, &view.name, action).with_detail(format!("{page} {detail}").trim()),
                );
            }
        });
        organization.projects.with(|projects| {
            for project in projects.into_iter().flatten() {
                let mut address = UsageAddress::default();
                address.query.filter.projects = vec![project.id];
                let action = EntryAction::Go(address.href(&slug));
                entries.push(Entry::new("Projects", Icon::Folder, &project.name, action).with_detail("usage"));
            }
        });
        keys.with(|keys| {
            for key in keys.into_iter().flat_map(|page| &page.keys) {
                let action = EntryAction::Go(KeyAddress::new(key.id).within(project.get()).href(&slug));
                entries.push(Entry::new("Keys", Icon::Key, &key.name, action).with_detail(&key.masked));
            }
        });
        session.viewer.with(|viewer| {
            let others = viewer.iter().flat_map(|viewer| &viewer.memberships).filter(|other| other.slug != slug);
            for other in others {
                let action = EntryAction::Go(Page::Overview.path(&other.slug));
                entries.push(
                    Entry::new("Organizations", Icon::Building, &other.name, action).with_detail(other.role.label()),
                );
            }
        });
        for theme in Theme::ALL {
            let label = format!("Theme: {}", theme.label().to_ascii_lowercase());
            entries.push(Entry::new("Preferences", theme_menu::icon(theme), label, EntryAction::Theme(theme)));
        }
        entries.push(
            Entry::new("Preferences", Icon::Keyboard, "Keyboard shortcuts", EntryAction::Shortcuts)
                .with_shortcut(shown_keys("?".to_owned())),
        );
        entries.push(Entry::new("Preferences", Icon::SignOut, "Sign out", EntryAction::SignOut));
        entries
    })
}

fn pages(
    slug: &str,
    project: Option<ProjectId>,
    shown_keys: impl Fn(String) -> String,
    may: impl Fn(Permission) -> bool,
) -> Vec<Entry> {
    let mut entries = Vec::new();
    if may(Permission::ManageApiKeys) {
        let query = Query::default().with("project", project).with("new", Some("key"));
        let address = query.append_to(&Page::ApiKeys.path(slug));
        entries.push(Entry::new("Actions", Icon::Plus, "Create key", EntryAction::Go(address)));
    }
    for page in Page::ALL.into_iter().filter(|page| may(page.permission())) {
        let keys = shown_keys(format!("g {}", super::super::shortcuts::key(page)));
        let action = EntryAction::Go(page.href(slug, project));
        entries.push(Entry::new("Pages", icon(page), page.label(), action).with_shortcut(keys));
    }
    entries.push(Entry::new("Pages", Icon::User, "Your account", EntryAction::Go("/account".to_owned())));
    entries
}
