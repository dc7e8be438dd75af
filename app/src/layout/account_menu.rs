use leptos::prelude::*;

use super::{overlays::Overlays, theme_menu::ThemeEntries};
use crate::{
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
