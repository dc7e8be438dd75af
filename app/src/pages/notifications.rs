//! The page of all notifications, read or not.

use leptos::prelude::*;

use crate::{
    addresses::NotificationsAddress,
    components::{PageHead, Segmented, SelectOption},
    layout::{MarkAllRead, NotificationList},
    state::{InboxState, use_address, use_go, use_inbox, use_organization},
};

const ALL: &str = "all";
const UNREAD: &str = "unread";

/// The inbox page.
#[component]
pub fn Notifications() -> impl IntoView {
    // Members who may see this page have an inbox.
    use_inbox().map(|inbox| view! { <Inbox inbox/> })
}

#[component]
fn Inbox(inbox: InboxState) -> impl IntoView {
    let (go, organization) = (use_go(), use_organization());
    let address = use_address(NotificationsAddress::parse);
    let unread_only = Memo::new(move |_| address.get().unread_only);
    let description = move || match inbox.count() {
        0 => "You're all caught up.".to_owned(),
        count => format!("{count} unread"),
    };
    view! {
        <PageHead
            title="Notifications"
            description=move || view! { {description} }
            secondary=move || view! { <MarkAllRead inbox/> }
        >
            <Segmented
                label="Show"
                value=Signal::derive(move || if unread_only.get() { UNREAD } else { ALL }.to_owned())
                on_change=move |(name,): (String,)| {
                    go.to(NotificationsAddress { unread_only: name == UNREAD }.href(&organization.slug()));
                }
                choices=Signal::stored(vec![SelectOption::new(ALL, "All"), SelectOption::new(UNREAD, "Unread")])
            />
        </PageHead>
        <section class="card inbox-card">
            {move || {
                let unread_only = unread_only.get();
                let list = if unread_only { inbox.unread() } else { inbox.all() };
                view! { <NotificationList inbox list unread_only/> }.into_any()
            }}
        </section>
    }
}
