use leptos::{ev, html, prelude::*};

use super::{lazy_part::LazyPart, notification_list::NotificationList};
use crate::{
    addresses::{CodePart, Page},
    components::{Button, ButtonStyle, Icon, IconView, closest, place_beside, unique_id, use_toasts},
    lean::{When, watch},
    state::{InboxState, use_inbox, use_organization},
};

/// Maximum width of the panel, in pixels; equals the stylesheet's.
const WIDTH: f64 = 420.0;
/// The largest count that is shown exactly.
const MAX_COUNT_SHOWN: i64 = 99;

/// A button with the number of unread notifications. It opens a panel of the latest: beside it, on phones
/// from below.
#[component]
pub fn Bell(inbox: InboxState) -> impl IntoView {
    let toasts = use_toasts();
    let id = unique_id("bell");
    let target = id.clone();
    let open = RwSignal::new(false);
    let panel = NodeRef::<html::Div>::new();
    let place_panel = move |event: ev::MouseEvent| {
        if let (Some(panel), Some(button)) = (panel.get_untracked(), closest(&event, "button")) {
            place_beside(&panel, &button.get_bounding_client_rect(), WIDTH);
        }
    };
    let on_toggle = move |_| {
        let Some(panel) = panel.get_untracked() else { return };
        let is_open = panel.matches(":popover-open").unwrap_or(false);
        open.set(is_open);
        if is_open {
            // Screen readers announce the panel, and Tab continues within it.
            let _ = panel.focus();
            inbox.refresh();
        }
    };
    let on_click = move |event: ev::MouseEvent| {
        if let (Some(panel), Some(_)) = (panel.get_untracked(), closest(&event, "a")) {
            let _ = panel.hide_popover();
        }
    };
    watch(move || {
        if let Some(error) = inbox.error() {
            toasts.show_error(&error);
        }
    });
    let label = move || match inbox.count() {
        0 => "Notifications".to_owned(),
        count => format!("Notifications, {count} unread"),
    };
    let count = move || match inbox.count() {
        0 => None,
        count @ ..=MAX_COUNT_SHOWN => Some(count.to_string()),
        _ => Some(format!("{MAX_COUNT_SHOWN}+")),
    };
    view! {
        <button
            type="button"
            class="button quiet bare bell"
            popovertarget=target
            aria-haspopup="dialog"
            aria-expanded=move || open.get().to_string()
            aria-label=label
            title=label
            on:click=place_panel
        >
            <IconView icon=Icon::Bell/>
            {move || count().map(|count| view! { <span class="bell-count" aria-hidden="true">{count}</span> }.into_any())}
        </button>
        <span class="visually-hidden" role="status">{move || count().map(|count| format!("{count} unread"))}</span>
        <div
            node_ref=panel
            id=id
            class="inbox-panel"
            popover="auto"
            role="dialog"
            aria-label="Notifications"
            tabindex="-1"
            on:toggle=on_toggle
            on:click=on_click
        >
            <When when=move || open.get()><Panel inbox/></When>
        </div>
    }
}

#[component]
fn Panel(inbox: InboxState) -> impl IntoView {
    let all_href = Page::Notifications.path(&use_organization().slug());
    view! {
        <header>
            <h2>"Notifications"</h2>
            <MarkAllRead inbox/>
        </header>
        <div class="inbox-scroll"><LazyPart part=CodePart::InboxList wanted=true/></div>
        <footer><a class="link" href=all_href>"See all notifications"</a></footer>
    }
}

/// The latest notifications, whose code is loaded with the first look at them.
#[component]
pub fn LatestNotifications() -> impl IntoView {
    use_inbox().map(|inbox| view! { <NotificationList inbox list=inbox.all()/> })
}

/// A button that marks all notifications as read; disabled if none is unread.
#[component]
pub fn MarkAllRead(inbox: InboxState) -> impl IntoView {
    let none_unread = Signal::derive(move || inbox.count() == 0);
    view! {
        <Button style=ButtonStyle::Quiet icon=Icon::Check disabled=none_unread on_press=move || inbox.mark_all_read()>
            "Mark all as read"
        </Button>
    }
}
