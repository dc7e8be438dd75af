use domain::{
    ids::NotificationId,
    notifications::{InboxFilter, InboxStore, Notification},
};
use leptos::prelude::*;

use crate::{
    api,
    lean::watch,
    state::{
        live::Live,
        load::{QueryProgress, load_into},
        organization::CurrentOrganization,
        submission::{Submission, submission},
    },
};

/// A list of notifications, newest first: the first page, and the older ones loaded after it.
#[derive(Clone, Copy)]
pub struct InboxList {
    filter: InboxFilter,
    store: RwSignal<InboxStore>,
    rows: Memo<Vec<Notification>>,
    progress: QueryProgress,
    older: Submission<NotificationId>,
}

impl InboxList {
    /// A list that is loaded while `enabled`, and whenever it is outdated.
    pub(super) fn new(
        organization: CurrentOrganization,
        live: Live,
        store: RwSignal<InboxStore>,
        filter: InboxFilter,
        enabled: Memo<bool>,
    ) -> Self {
        let unread_only = filter == InboxFilter::Unread;
        let query = move |before| api::notifications::List { organization: organization.slug(), unread_only, before };
        let progress = load_into(
            move || {
                live.track_reconnects();
                enabled.get().then(|| query(None))
            },
            move |page| store.update(|store| store.update_page(filter, page)),
        );
        let older = submission(
            move |before: &NotificationId| query(Some(*before)),
            move |before, page| store.update(|store| store.append_older(filter, before, page)),
        );
        let missing = Memo::new(move |_| store.with(|store| store.missing_version(filter)));
        watch(move || {
            if missing.get().is_some() {
                progress.refresh();
            }
        });
        let rows = Memo::new(move |_| store.with(|store| store.rows(filter)));
        Self { filter, store, rows, progress, older }
    }

    /// Progress of loading the first page.
    pub fn progress(&self) -> QueryProgress {
        self.progress
    }

    pub fn rows(&self) -> Memo<Vec<Notification>> {
        self.rows
    }

    /// Whether there are older notifications than those listed.
    pub fn has_more(&self) -> bool {
        self.store.with(|store| store.has_more(self.filter))
    }

    /// The submission that loads older notifications.
    pub fn older(&self) -> Submission<NotificationId> {
        self.older
    }

    pub fn load_older(&self) {
        if let Some(last) = self.rows.with_untracked(|rows| rows.last().map(|row| row.id)) {
            self.older.send(last);
        }
    }
}
