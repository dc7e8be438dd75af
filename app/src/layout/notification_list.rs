use domain::{
    exports::file_href,
    notifications::{Notice, NoticeSubject, Notification},
};
use leptos::prelude::*;

use crate::{
    addresses::KeyAddress,
    components::{
        Awaited, Button, ButtonStyle, EmptyState, Icon, IconView, Skeleton, Time, TimeStyle, Tone, format_moment,
    },
    lean::{KeyedRow, When, keyed_rows},
    state::{InboxList, InboxState, use_organization},
};

/// Notifications, the newest first; following a notification's link marks it as read.
#[component]
pub fn NotificationList(
    inbox: InboxState,
    list: InboxList,
    /// Whether the list has only unread notifications.
    #[prop(optional)]
    unread_only: bool,
) -> impl IntoView {
    let rows = list.rows();
    let (title, text) = if unread_only {
        ("You're all caught up", "New notifications will appear here automatically.")
    } else {
        ("No notifications", "We'll alert you when a key leaks, expires or needs rotation, and when a file is ready.")
    };
    let keyed = move || {
        let row = move |row: Notification| {
            KeyedRow::new(row.id.uuid().as_u128(), move || view! { <Row inbox list notification=row/> }.into_any())
        };
        rows.get().into_iter().map(row).collect::<Vec<_>>()
    };
    let empty = move || view! { <EmptyState icon=Icon::Bell title><p>{text}</p></EmptyState> };
    view! {
        <Awaited progress=list.progress() skeleton=|| view! { <Skeleton lines=6/> }>
            <When when=move || rows.with(|rows| !rows.is_empty()) fallback=empty>
                <ul class="notifications" role="list">
                    {keyed_rows(keyed)}
                </ul>
                <When when=move || list.has_more()><Older list/></When>
            </When>
        </Awaited>
    }
}

#[component]
fn Row(inbox: InboxState, list: InboxList, notification: Notification) -> impl IntoView {
    let organization = use_organization();
    let Notification { id, at, notice, .. } = notification;
    let (icon, tone) = sign(&notice);
    let zone = organization.time_zone();
    let text = notice.text(&|moment| format_moment(moment, &zone, TimeStyle::DayMinuteZone));
    let href = match notice.subject() {
        NoticeSubject::ApiKey(api_key) => KeyAddress::new(api_key).href(&organization.slug()),
        NoticeSubject::Export(export) => file_href(export, &organization.slug()),
    };
    // The router leaves links alone that lead to a file.
    let rel = matches!(notice.subject(), NoticeSubject::Export(_)).then_some("external");
    let read =
        Memo::new(move |_| list.rows().with(|rows| rows.iter().find(|row| row.id == id).is_none_or(|row| row.read)));
    let action = move || if read.get() { "Mark as unread" } else { "Mark as read" };
    view! {
        <li class="notification" class:unread=move || !read.get()>
            <a href=href rel=rel on:click=move |_| inbox.mark(id, true)>
                <span class=format!("notification-sign {}", tone.class())><IconView icon/></span>
                <b>
                    <span class="visually-hidden">{move || (!read.get()).then_some("Unread: ")}</span>
                    {notice.title()}
                </b>
                <span>{text}</span>
                <Time at zone/>
            </a>
            <button
                type="button"
                class="notification-mark"
                aria-label=move || format!("{}: {}", action(), notice.title())
                title=action
                on:click=move |_| inbox.mark(id, !read.get_untracked())
            >
                <i aria-hidden="true"></i>
            </button>
        </li>
    }
}

#[component]
fn Older(list: InboxList) -> impl IntoView {
    let older = list.older();
    view! {
        <div class="notifications-more">
            {move || {
                older.error().get().map(|error| view! { <p class="error" role="alert">{error.to_string()}</p> }.into_any())
            }}
            <Button style=ButtonStyle::Quiet pending=older.pending() on_press=move || list.load_older()>"Load older"</Button>
        </div>
    }
}

/// The icon and tone of a notice, which show its urgency at a glance.
const fn sign(notice: &Notice) -> (Icon, Tone) {
    match notice {
        Notice::KeyLeaked { .. } => (Icon::Alert, Tone::Danger),
        Notice::KeyExpiresSoon { .. } => (Icon::Clock, Tone::Warning),
        Notice::KeyGraceEnds { .. } => (Icon::Key, Tone::Warning),
        Notice::KeyRotationDue { .. } => (Icon::Refresh, Tone::Neutral),
        Notice::ExportReady { .. } => (Icon::Download, Tone::Neutral),
    }
}
