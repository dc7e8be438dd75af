use domain::{
    ids::NotificationId,
    notifications::{InboxFilter, KnownInbox, Notification},
};
use leptos::prelude::*;

use crate::{
    api,
    state::{Act, Live, Organization, Progress, act, load_into, watch},
};

/// Some of the notifications, the newest first: a page at first, and what was loaded after it.
#[derive(Clone, Copy)]
pub struct InboxList {
    filter: InboxFilter,
    known: RwSignal<KnownInbox>,
    rows: Memo<Vec<Notification>>,
    progress: Progress,
    older: Act<NotificationId>,
}

impl InboxList {
    /// The list that is asked for while it is `wanted`, and whenever it is outdated.
    pub(super) fn new(
        organization: Organization,
        live: Live,
        known: RwSignal<KnownInbox>,
        filter: InboxFilter,
        wanted: Memo<bool>,
    ) -> Self {
        let unread_only = filter == InboxFilter::Unread;
        let question =
            move |before| api::notifications::List { organization: organization.slug(), unread_only, before };
        let progress = load_into(
            move || {
                live.ask_again_after_gaps();
                wanted.get().then(|| question(None))
            },
            move |page| known.update(|known| known.take_page(filter, page)),
        );
        let older = act(
            move |before: &NotificationId| question(Some(*before)),
            move |before, page| known.update(|known| known.take_older(filter, before, page)),
        );
        let missing = Memo::new(move |_| known.with(|known| known.missing_version(filter)));
        watch(move || {
            if missing.get().is_some() {
                progress.refresh();
            }
        });
        let rows = Memo::new(move |_| known.with(|known| known.rows(filter)));
        Self { filter, known, rows, progress, older }
    }

    /// How it stands with the newest page.
    pub fn progress(&self) -> Progress {
        self.progress
    }

    pub fn rows(&self) -> Memo<Vec<Notification>> {
        self.rows
    }

    /// Whether there are older ones.
    pub fn more(&self) -> bool {
        self.known.with(|known| known.has_more(self.filter))
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
}
