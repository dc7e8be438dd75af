use leptos::prelude::*;

use crate::{
    addresses::Page,
    components::{Icon, IconView, Menu, MenuLabel, MenuLink},
    lean::{CollectAny, upper_case},
    state::{use_organization, use_session},
};

/// The current organization, and a menu of all organizations of the user.
#[component]
pub fn OrganizationMenu(page: Memo<Option<Page>>) -> impl IntoView {
    let session = use_session();
    let current_membership = use_organization().membership();
    let entry = {
        let current_slug = current_membership.slug.clone();
        move |membership: domain::accounts::Membership| {
            let current = membership.slug == current_slug;
            let slug = membership.slug;
            let href = Signal::derive(move || page.get().unwrap_or(Page::Overview).path(&slug));
            view! {
                <MenuLink href current>
                    {membership.name}
                    <small>{membership.role.label()}</small>
                </MenuLink>
            }
        }
    };
    let memberships = session
        .viewer
        .with_untracked(|viewer| viewer.as_ref().map(|viewer| viewer.memberships.clone()).unwrap_or_default());
    let name = StoredValue::new(current_membership.name.clone());
    view! {
        <Menu
            label=format!("Organization: {}", current_membership.name)
            class="crumb organization"
            trigger=move || view! {
                <span class="monogram" aria-hidden="true" data-text=name.with_value(|name| initial(name))></span>
                <span class="crumb-name">{name.get_value()}</span>
                <IconView icon=Icon::ChevronDown/>
            }
        >
            <MenuLabel>"Organizations"</MenuLabel>
            {memberships.into_iter().map(entry).collect_any()}
        </Menu>
    }
}

fn initial(name: &str) -> String {
    upper_case(&name.chars().take(1).collect::<String>())
}
