use domain::permissions::Permission;
use leptos::prelude::*;

use super::{overlays::Overlays, theme_menu::ThemeEntries};
use crate::{
    addresses::{Page, Query},
    api,
    components::{Icon, Menu, MenuAction, MenuLink, Name, use_toasts},
    lean::{upper_case, watch},
    state::{Submission, submission, use_organization, use_session},
};

/// The signed-in user's menu.
#[component]
pub fn AccountMenu(
    /// The button's class: `me` in the sidebar, `avatar-button` in the header.
    class: &'static str,
) -> impl IntoView {
    let session = use_session();
    let membership = use_organization().membership();
    let shortcuts = expect_context::<Overlays>().shortcuts;
    let sign_out = sign_out();
    let name =
        move || session.viewer.with(|viewer| viewer.as_ref().map(|viewer| viewer.name.clone()).unwrap_or_default());
    let organization = use_organization();
    let slug = StoredValue::new(organization.slug());
    let own = move |page: Page, name: &'static str| {
        Signal::derive(move || {
            let id = session.viewer.with(|viewer| viewer.as_ref().map(|viewer| viewer.id));
            slug.with_value(|slug| Query::default().with(name, id).append_to(&page.path(slug)))
        })
    };
    let (own_usage, own_keys) = (own(Page::Usage, "member"), own(Page::ApiKeys, "creator"));
    let (has_usage, has_keys) = (organization.may(Permission::ViewUsage), organization.may(Permission::ViewApiKeys));
    let affiliation = StoredValue::new(format!("{} · {}", membership.name, membership.role.label()));
    view! {
        <Menu
            label=Signal::derive(move || format!("Account: {} {}", name(), affiliation.get_value()))
            class=class
            trigger=move || view! {
                <span class="avatar" aria-hidden="true" data-text=move || initials(&name())></span>
                <span class="me-text">
                    <b>{move || view! { <Name name=name()/> }}</b>
                    " "
                    <small><Name name=affiliation.get_value()/></small>
                </span>
            }
        >
            <div class="menu-head" role="presentation">
                <b>{move || view! { <Name name=name()/> }}</b>
                <small>{move || session.viewer.with(|viewer| viewer.as_ref().map(|viewer| viewer.email.clone()))}</small>
            </div>
            <MenuLink href="/account" icon=Icon::User>"Your account"</MenuLink>
            {has_usage.then(|| view! { <MenuLink href=own_usage icon=Icon::Usage>"My usage"</MenuLink> }.into_any())}
            {has_keys.then(|| view! { <MenuLink href=own_keys icon=Icon::Key>"My API keys"</MenuLink> }.into_any())}
            <MenuAction icon=Icon::Keyboard on_press=move || shortcuts.set(true)>"Keyboard shortcuts"</MenuAction>
            <ThemeEntries/>
            <hr/>
            <MenuAction icon=Icon::SignOut on_press=move || sign_out.send(())>"Sign out"</MenuAction>
        </Menu>
    }
}

/// Creates the submission that ends the session in this browser.
pub(super) fn sign_out() -> Submission<()> {
    let session = use_session();
    let toasts = use_toasts();
    let sign_out = submission(|()| api::accounts::SignOut {}, move |(), ()| session.end());
    watch(move || {
        if let Some(error) = sign_out.error().get() {
            toasts.show_error(&error);
        }
    });
    sign_out
}

/// Returns the first letters of the first and the last name.
fn initials(name: &str) -> String {
    let mut words = name.split_whitespace().filter_map(|word| word.chars().next());
    let first = words.next();
    upper_case(&first.into_iter().chain(words.next_back()).collect::<String>())
}
