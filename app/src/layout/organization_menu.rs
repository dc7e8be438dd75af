use leptos::prelude::*;

use crate::{
    addresses::Page,
    components::{Icon, IconView, Menu, MenuLabel, MenuLink, Name},
    lean::{CollectAny, upper_case},
    state::{use_organization, use_session},
};

/// An organization of the user, in the menu and on phones in the switcher.
pub(super) struct OrganizationEntry {
    pub(super) name: String,
    /// The user's role in it.
    pub(super) role: &'static str,
    /// Address of the same page in it.
    pub(super) href: Signal<String>,
    pub(super) current: bool,
}

/// Returns all organizations of the user.
pub(super) fn organization_entries(page: Memo<Option<Page>>) -> Vec<OrganizationEntry> {
    let open_slug = use_organization().slug();
    let memberships = use_session()
        .viewer
        .with_untracked(|viewer| viewer.as_ref().map(|viewer| viewer.memberships.clone()).unwrap_or_default());
    let entry = |membership: domain::accounts::Membership| {
        let (current, slug) = (membership.slug == open_slug, membership.slug);
        let href = Signal::derive(move || page.get().unwrap_or(Page::Overview).path(&slug));
        OrganizationEntry { name: membership.name, role: membership.role.label(), href, current }
    };
    memberships.into_iter().map(entry).collect()
}

/// The current organization, and a menu of all organizations of the user.
#[component]
pub fn OrganizationMenu(page: Memo<Option<Page>>) -> impl IntoView {
    let entry = |OrganizationEntry { name, role, href, current }: OrganizationEntry| {
        view! { <MenuLink href current><Name name/> <small>{role}</small></MenuLink> }
    };
    let name = StoredValue::new(use_organization().membership().name);
    view! {
        <Menu
            label=format!("Organization: {}", name.get_value())
            class="crumb organization"
            trigger=move || view! {
                <span class="monogram" aria-hidden="true" data-text=name.with_value(|name| initial(name))></span>
                <span class="crumb-name"><Name name=name.get_value()/></span>
                <IconView icon=Icon::ChevronDown/>
            }
        >
            <MenuLabel>"Organizations"</MenuLabel>
            {organization_entries(page).into_iter().map(entry).collect_any()}
        </Menu>
    }
}

/// The first letter of an organization's name.
pub(super) fn initial(name: &str) -> String {
    upper_case(&name.chars().take(1).collect::<String>())
}
