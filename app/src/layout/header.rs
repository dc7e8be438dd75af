use leptos::prelude::*;

use super::{
    account_menu::AccountMenu, bell::Bell, organization_menu::OrganizationMenu, overlays::Overlays,
    project_menu::ProjectMenu, switcher::Switcher, theme_menu::ThemeMenu,
};
use crate::{
    addresses::Page,
    components::{Icon, IconView},
    state::use_inbox,
};

/// The header of all pages: organization and project, search, notifications, theme and account.
#[component]
pub fn Header(page: Memo<Option<Page>>) -> impl IntoView {
    let overlays = expect_context::<Overlays>();
    view! {
        <header class="header">
            <div class="crumbs">
                <OrganizationMenu page/>
                <ProjectMenu page/>
                <Switcher page/>
            </div>
            <button
                type="button"
                class="palette-button"
                aria-label=format!("Search or run a command… {}", shortcut_name())
                aria-keyshortcuts="Control+K Meta+K"
                on:click=move |_| overlays.open_palette()
            >
                <IconView icon=Icon::Search/>
                <span>"Search or run a command…"</span>
                " "
                <kbd>{shortcut_name()}</kbd>
            </button>
            {use_inbox().map(|inbox| view! { <Bell inbox/> })}
            <ThemeMenu/>
            <AccountMenu class="avatar-button"/>
        </header>
    }
}

/// The name of the palette's shortcut on this operating system.
pub(super) fn shortcut_name() -> &'static str {
    let is_mac = window().navigator().user_agent().is_ok_and(|agent| agent.contains("Mac"));
    if is_mac { "⌘ K" } else { "Ctrl K" }
}
