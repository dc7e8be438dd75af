//! The frame around the pages: menus, header, notifications, palette and dialogs.

mod account_menu;
mod banners;
mod bell;
mod bottom_bar;
mod checked_page;
mod header;
mod lazy_part;
mod more_sheet;
mod navigation_status;
mod no_permission;
mod not_found;
mod notification_list;
mod organization_menu;
mod overlay_views;
mod overlays;
mod palette;
mod project_choice;
mod project_menu;
mod shell;
mod shortcut_list;
mod shortcuts;
mod sidebar;
mod sign_in_again;
mod signed_out_frame;
mod switcher;
mod switcher_sheet;
mod theme_menu;
mod unsaved;

pub(crate) use self::checked_page::show_checked;
pub(crate) use self::lazy_part::LazyPart;
pub(crate) use self::navigation_status::NavigationStatus;
pub(crate) use self::signed_out_frame::{PlainFrame, SignedOutFrame};
pub(crate) use bell::{LatestNotifications, MarkAllRead};
pub(crate) use not_found::NotFound;
pub(crate) use notification_list::NotificationList;
pub(crate) use overlay_views::OverlayViews;
pub(crate) use shell::Shell;
pub(crate) use unsaved::{Unsaved, UnsavedGuard};

use crate::{addresses::Page, components::Icon};

/// The icon of a page in menus.
fn icon(page: Page) -> Icon {
    match page {
        Page::Overview => Icon::Home,
        Page::ApiKeys => Icon::Key,
        Page::Logs => Icon::List,
        Page::Usage => Icon::Usage,
        Page::Settings => Icon::Settings,
        Page::Notifications => Icon::Bell,
    }
}
