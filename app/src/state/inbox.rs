//! The member's inbox in the organization: the count at the bell, and the lists of notifications.

mod list;

use domain::{
    errors::ApiError,
    ids::NotificationId,
    notifications::{InboxFilter, InboxStore, MarkNumber},
    permissions::Permission,
};
use leptos::{prelude::*, task::spawn_local};

pub use self::list::InboxList;
use super::{
    live::use_live,
    location::use_location,
    organization::{CurrentOrganization, use_organization},
    session::{CurrentSession, use_session},
    session_query::mutate_as,
};
use crate::{
    addresses::{Address, NotificationsAddress, Page},
    api,
    lean::watch,
};

/// The inbox while the organization is open: one [`InboxStore`] and views of it.
#[derive(Clone, Copy)]
pub struct InboxState {
    organization: CurrentOrganization,
    session: CurrentSession,
    store: RwSignal<InboxStore>,
    count: Memo<i64>,
    all: InboxList,
    /// Notifications that were unread when the list was loaded; loaded only while the address asks for them.
    unread: InboxList,
    error: RwSignal<Option<ApiError>>,
}

impl InboxState {
    /// Provides the inbox to members who have one.
    pub fn provide() {
        let organization = use_organization();
        if !organization.may(Permission::ViewNotifications) {
            return;
        }
        let live = use_live();
        let store = RwSignal::new(InboxStore::default());
        let inbox = Self {
            organization,
            session: use_session(),
            store,
            count: Memo::new(move |_| store.with(InboxStore::count)),
            all: InboxList::new(organization, live, store, InboxFilter::All, Memo::new(|_| true)),
            unread: InboxList::new(organization, live, store, InboxFilter::Unread, shows_unread_only()),
            error: RwSignal::new(None),
        };
        watch(move || {
            if let Some(unread) = live.unread() {
                store.update(|store| store.update_unread(unread));
            }
        });
        provide_context(inbox);
    }

    /// Number of unread notifications.
    pub fn count(&self) -> i64 {
        self.count.get()
    }

    pub fn all(&self) -> InboxList {
        self.all
    }

    /// The unread notifications. Those read meanwhile stay until the list is reloaded.
    pub fn unread(&self) -> InboxList {
        self.unread
    }

    /// The error of the last mark that failed.
    pub fn error(&self) -> Option<ApiError> {
        self.error.get()
    }

    /// Marks one notification as read or unread.
    pub fn mark(&self, id: NotificationId, read: bool) {
        self.send_mark(Some(id), read);
    }

    /// Marks all notifications as read, including those not listed.
    pub fn mark_all_read(&self) {
        self.send_mark(None, true);
    }

    /// Reloads both lists without showing it.
    pub fn refresh(&self) {
        for list in [self.all, self.unread] {
            list.progress().refresh();
        }
    }

    /// Applies a mark at once, and sends it to the server.
    fn send_mark(self, id: Option<NotificationId>, read: bool) {
        let Some(number) = self.store.try_update(|store| store.mark(id, read)).flatten() else { return };
        let change =
            api::notifications::Mark { organization: self.organization.slug(), ids: id.map(|id| vec![id]), read };
        spawn_local(async move {
            let result = mutate_as(self.session, &change).await;
            // The organization may have been left in the meantime.
            if !self.store.is_disposed() {
                self.take_answer(number, result);
            }
        });
    }

    fn take_answer(&self, number: MarkNumber, result: Result<domain::notifications::Unread, ApiError>) {
        match result {
            Ok(unread) => self.store.update(|store| store.confirm_mark(number, unread)),
            Err(error) => {
                self.store.update(|store| store.mark_failed(number));
                self.error.set(Some(error));
                self.refresh();
            }
        }
    }
}

/// Whether the page of unread notifications is open.
fn shows_unread_only() -> Memo<bool> {
    let location = use_location();
    Memo::new(move |_| {
        let page =
            location.path.with(|path| Address::parse(path).as_ref().and_then(|address| Some(address.location()?.1)));
        page == Some(Page::Notifications)
            && location.search.with(|search| NotificationsAddress::parse(search).unread_only)
    })
}

/// The inbox; `None` for members without one.
pub fn use_inbox() -> Option<InboxState> {
    use_context()
}
