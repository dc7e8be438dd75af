use domain::{
    ids::NotificationId,
    notifications::{self, Notification},
};
use leptos::prelude::*;

use crate::{
    api,
    state::{Act, Answer, Live, Organization, act, load_when},
};

/// Some of the notifications, the newest first: a page at first, and what was loaded after it.
#[derive(Clone, Copy)]
pub struct InboxList {
    pub(super) first: Answer<notifications::Inbox>,
    rows: RwSignal<Vec<Notification>>,
    more: RwSignal<bool>,
    older: Act<NotificationId>,
}

impl InboxList {
    pub(super) fn new(organization: Organization, live: Live, unread_only: bool, wanted: RwSignal<bool>) -> Self {
        let question =
            move |before| api::notifications::List { organization: organization.slug(), unread_only, before };
        let (rows, more) = (RwSignal::new(Vec::<Notification>::new()), RwSignal::new(false));
        let first = load_when(move || {
            live.ask_again_after_gaps();
            wanted.get().then(|| question(None))
        });
        let older = act(
            move |before: &NotificationId| question(Some(*before)),
            move |before, page: notifications::Inbox| {
                // Unless the list was begun anew meanwhile.
                if rows.with_untracked(|rows| rows.last().map(|last| last.id)) == Some(before) {
                    rows.update(|rows| rows.extend(page.notifications));
                    more.set(page.more);
                }
            },
        );
        Self { first, rows, more, older }
    }

    /// The newest page, and how it stands with it.
    pub fn first(&self) -> Answer<notifications::Inbox> {
        self.first
    }

    pub fn rows(&self) -> RwSignal<Vec<Notification>> {
        self.rows
    }

    /// Whether there are older ones.
    pub fn more(&self) -> bool {
        self.more.get()
    }

    /// What loads those before the last that is listed.
    pub fn older(&self) -> Act<NotificationId> {
        self.older
    }

    pub fn load_older(&self) {
        if let Some(last) = self.rows.with_untracked(|rows| rows.last().map(|row| row.id)) {
            self.older.send(last);
        }
    }

    /// Puts a newer first page on top.
    pub(super) fn take(&self, page: notifications::Inbox) {
        let (notifications, more) = (self.rows.get_untracked(), self.more.get_untracked());
        let now = page.on_top_of(notifications::Inbox { unread: 0, notifications, more });
        self.more.set(now.more);
        self.rows.set(now.notifications);
    }

    pub(super) fn mark(&self, id: Option<NotificationId>, read: bool) -> bool {
        let concerned = move |row: &Notification| row.read != read && id.is_none_or(|id| row.id == id);
        let any = self.rows.with_untracked(|rows| rows.iter().any(concerned));
        if any {
            self.rows.update(|rows| rows.iter_mut().filter(|row| concerned(row)).for_each(|row| row.read = read));
        }
        any
    }
}
