use leptos::{ev, html, prelude::*};

use super::NotificationList;
use crate::{
    addresses::Page,
    components::{Button, Icon, IconView, Look, When, closest, place_beside, unique_id, use_toasts},
    state::{Inbox, use_organization, watch},
};

/// Widest the panel may be, in pixels; the stylesheet says the same.
const WIDTH: f64 = 420.0;
/// Larger counts aren't told exactly.
const MOST: i64 = 99;

/// How many notifications aren't read, and the latest of them when pressed: beside the button, on phones from below.
#[component]
pub fn Bell(inbox: Inbox) -> impl IntoView {
    let toasts = use_toasts();
    let id = unique_id("bell");
    let target = id.clone();
    let open = RwSignal::new(false);
    let panel = NodeRef::<html::Div>::new();
    let place = move |event: ev::MouseEvent| {
        if let (Some(panel), Some(button)) = (panel.get_untracked(), closest(&event, "button")) {
            place_beside(&panel, &button.get_bounding_client_rect(), WIDTH);
        }
    };
    let toggled = move |_| {
        let Some(panel) = panel.get_untracked() else { return };
        let is_open = panel.matches(":popover-open").unwrap_or(false);
        open.set(is_open);
        if is_open {
            // Screen readers say what it is, and Tab goes on within it.
            let _ = panel.focus();
            inbox.refresh();
        }
    };
    let followed = move |event: ev::MouseEvent| {
        if let (Some(panel), Some(_)) = (panel.get_untracked(), closest(&event, "a")) {
            let _ = panel.hide_popover();
        }
    };
    watch(move || {
        if let Some(error) = inbox.failed() {
            toasts.failed(&error);
        }
    });
    let label = move || match inbox.count() {
        0 => "Notifications".to_owned(),
        count => format!("Notifications, {count} unread"),
    };
    let count = move || match inbox.count() {
        0 => None,
        count @ ..=MOST => Some(count.to_string()),
        _ => Some(format!("{MOST}+")),
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
            on:click=place
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
            on:toggle=toggled
            on:click=followed
        >
            <When when=move || open.get()><Panel inbox/></When>
        </div>
    }
}

#[component]
fn Panel(inbox: Inbox) -> impl IntoView {
    let all = Page::Notifications.path(&use_organization().slug());
    view! {
        <header>
            <h2>"Notifications"</h2>
            <MarkAllRead inbox/>
        </header>
        <div class="inbox-scroll"><NotificationList inbox list=inbox.all()/></div>
        <footer><a class="link" href=all>"See all notifications"</a></footer>
    }
}

/// Marks everything as read, where there is anything.
#[component]
pub fn MarkAllRead(inbox: Inbox) -> impl IntoView {
    let none = Signal::derive(move || inbox.count() == 0);
    view! {
        <Button look=Look::Quiet icon=Icon::Check disabled=none on_press=move || inbox.mark_all_read()>
            "Mark all as read"
        </Button>
    }
}
