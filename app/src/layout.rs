//! What stands around the pages.

mod account_menu;
mod banners;
mod bottom_bar;
mod door;
mod header;
mod organization_menu;
mod palette;
mod project_menu;
mod shell;
mod shortcuts;
mod sidebar;
mod sign_in_again;
mod theme_menu;
mod unsaved;

pub(crate) use door::{Bare, Door};
pub(crate) use shell::Shell;
pub(crate) use unsaved::UnsavedGuard;

use crate::{addresses::Page, components::Icon};

/// The sign of a page in menus.
fn icon(page: Page) -> Icon {
    match page {
        Page::Overview => Icon::Home,
        Page::ApiKeys => Icon::Key,
        Page::Logs => Icon::List,
        Page::Usage => Icon::Usage,
        Page::Settings => Icon::Settings,
    }
}
