//! One's inbox in the organization: what the bell counts, and the notifications that are listed.

mod list;

use domain::{
    errors::ApiError,
    ids::NotificationId,
    notifications::{InboxFilter, KnownInbox, MarkNumber},
    permissions::Permission,
};
use leptos::{prelude::*, task::spawn_local};

pub use self::list::InboxList;
use super::{Organization, Session, change_as, use_live, use_location, use_organization, use_session, watch};
use crate::{
    addresses::{Address, NotificationsAddress, Page},
    api,
};

/// The inbox, while the organization is open: one [`KnownInbox`], and views of it.
#[derive(Clone, Copy)]
pub struct Inbox {
    organization: Organization,
    session: Session,
    known: RwSignal<KnownInbox>,
    count: Memo<i64>,
    all: InboxList,
    /// Those that weren't read when they were asked for; only while the address asks for them.
    unread: InboxList,
    failed: RwSignal<Option<ApiError>>,
}

impl Inbox {
    /// For those who have one.
    pub fn provide() {
        let organization = use_organization();
        if !organization.may(Permission::ViewNotifications) {
            return;
        }
        let live = use_live();
        let known = RwSignal::new(KnownInbox::default());
        let inbox = Self {
            organization,
            session: use_session(),
            known,
            count: Memo::new(move |_| known.with(KnownInbox::count)),
            all: InboxList::new(organization, live, known, InboxFilter::All, Memo::new(|_| true)),
            unread: InboxList::new(organization, live, known, InboxFilter::Unread, unread_asked_for()),
            failed: RwSignal::new(None),
        };
        watch(move || {
            if let Some(unread) = live.unread() {
                known.update(|known| known.take_unread(unread));
            }
        });
        provide_context(inbox);
    }

    /// How many aren't read.
    pub fn count(&self) -> i64 {
        self.count.get()
    }

    pub fn all(&self) -> InboxList {
        self.all
    }

    /// Those that aren't read. What is read meanwhile stays, until the list is asked for again.
    pub fn unread(&self) -> InboxList {
        self.unread
    }

    /// Why the last mark wasn't made.
    pub fn failed(&self) -> Option<ApiError> {
        self.failed.get()
    }

    /// Marks one as read or unread.
    pub fn mark(&self, id: NotificationId, read: bool) {
        self.make(Some(id), read);
    }

    /// Marks all as read, those too that aren't listed.
    pub fn mark_all_read(&self) {
        self.make(None, true);
    }

    /// Asks again without a sign of it.
    pub fn refresh(&self) {
        for list in [self.all, self.unread] {
            list.progress().refresh();
        }
    }

    /// Makes a mark at once, and has the server make it.
    fn make(self, id: Option<NotificationId>, read: bool) {
        let Some(number) = self.known.try_update(|known| known.mark(id, read)).flatten() else { return };
        let question =
            api::notifications::Mark { organization: self.organization.slug(), ids: id.map(|id| vec![id]), read };
        spawn_local(async move {
            let answered = change_as(self.session, &question).await;
            // The organization may have been left in the meantime.
            if !self.known.is_disposed() {
                self.take_answer(number, answered);
            }
        });
    }

    fn take_answer(&self, number: MarkNumber, answered: Result<domain::notifications::Unread, ApiError>) {
        match answered {
            Ok(unread) => self.known.update(|known| known.mark_made(number, unread)),
            Err(error) => {
                self.known.update(|known| known.mark_failed(number));
                self.failed.set(Some(error));
                self.refresh();
            }
        }
    }
}

/// Whether the page is that of notifications that aren't read.
fn unread_asked_for() -> Memo<bool> {
    let location = use_location();
    Memo::new(move |_| {
        let page =
            location.path.with(|path| Address::parse(path).as_ref().and_then(|address| Some(address.within()?.1)));
        page == Some(Page::Notifications)
            && location.search.with(|search| NotificationsAddress::parse(search).unread_only)
    })
}

/// The inbox of whoever has one.
pub fn use_inbox() -> Option<Inbox> {
    use_context()
}
