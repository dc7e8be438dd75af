//! One's inbox in the organization: what the bell counts, and the notifications that are listed.

mod list;

use std::time::Duration;

use domain::{errors::ApiError, ids::NotificationId, permissions::Permission};
use leptos::{prelude::*, task::spawn_local};

pub use self::list::InboxList;
use super::{Organization, Session, ask, use_live, use_organization, use_session, watch};
use crate::api;

/// After a mark of one's own, the server is asked once more: by then it has looked what there is to tell. Had the mark been
/// taken back elsewhere before it looked, it would have found nothing new, and told nothing.
const SETTLED: Duration = Duration::from_millis(1_500);

/// The inbox, while the organization is open.
#[derive(Clone, Copy)]
pub struct Inbox {
    organization: Organization,
    session: Session,
    all: InboxList,
    /// Those that weren't read when they were asked for; only while somebody looks at them.
    unread: InboxList,
    unread_wanted: RwSignal<bool>,
    count: RwSignal<i64>,
    failed: RwSignal<Option<ApiError>>,
    /// How many marks are on their way, during which the server's answers are behind.
    marking: StoredValue<u32>,
    /// Counts the marks.
    marks: StoredValue<u32>,
    /// Whether there was news meanwhile.
    missed: StoredValue<bool>,
}

impl Inbox {
    /// For those who have one.
    pub fn provide() {
        let organization = use_organization();
        if !organization.may(Permission::ViewNotifications) {
            return;
        }
        let live = use_live();
        let unread_wanted = RwSignal::new(false);
        let inbox = Self {
            organization,
            session: use_session(),
            all: InboxList::new(organization, live, false, RwSignal::new(true)),
            unread: InboxList::new(organization, live, true, unread_wanted),
            unread_wanted,
            count: RwSignal::new(0),
            failed: RwSignal::new(None),
            marking: StoredValue::new(0),
            marks: StoredValue::new(0),
            missed: StoredValue::new(false),
        };
        watch(move || {
            if let Some(unread) = inbox.all.first.with(|page| page.map(|page| page.unread)) {
                inbox.take(|| {
                    if inbox.count.get_untracked() != unread {
                        inbox.count.set(unread);
                        inbox.unread.first.refresh();
                    }
                });
            }
        });
        for list in inbox.lists() {
            watch(move || {
                if let Some(page) = list.first.with(|page| page.cloned()) {
                    inbox.take(|| list.take(page));
                }
            });
        }
        watch(move || {
            if let Some(unread) = live.unread().filter(|unread| *unread != inbox.count.get_untracked()) {
                inbox.take(|| {
                    inbox.count.set(unread);
                    if unread == 0 {
                        inbox.mark_listed(None, true);
                    }
                    inbox.refresh();
                });
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

    /// Whether somebody looks at those that aren't read.
    pub fn want_unread(&self, wanted: bool) {
        if self.unread_wanted.get_untracked() != wanted {
            self.unread_wanted.set(wanted);
        }
    }

    /// Why the last mark wasn't made.
    pub fn failed(&self) -> Option<ApiError> {
        self.failed.get()
    }

    /// Marks one as read or unread, and tells the server.
    pub fn mark(&self, id: NotificationId, read: bool) {
        if self.mark_listed(Some(id), read) {
            self.count.update(|count| *count = if read { (*count - 1).max(0) } else { *count + 1 });
            self.tell(Some(vec![id]), read);
        }
    }

    /// Marks all as read, those too that aren't listed.
    pub fn mark_all_read(&self) {
        self.mark_listed(None, true);
        self.count.set(0);
        self.tell(None, true);
    }

    /// Asks again without a sign of it.
    pub fn refresh(&self) {
        for list in self.lists() {
            list.first.refresh();
        }
    }

    fn lists(&self) -> [InboxList; 2] {
        [self.all, self.unread]
    }

    /// Marks one of those that are listed, or all of them; whether that changed anything.
    fn mark_listed(&self, id: Option<NotificationId>, read: bool) -> bool {
        self.lists().map(|list| list.mark(id, read)).contains(&true)
    }

    /// Takes over what the server says, unless it doesn't know of all marks yet.
    fn take(&self, over: impl FnOnce()) {
        if self.marking.get_value() == 0 {
            over();
        } else {
            self.missed.set_value(true);
        }
    }

    fn tell(&self, ids: Option<Vec<NotificationId>>, read: bool) {
        let inbox = *self;
        let question = api::notifications::Mark { organization: self.organization.slug(), ids, read };
        self.marking.update_value(|count| *count += 1);
        self.marks.update_value(|count| *count += 1);
        spawn_local(async move {
            let told = ask(&question).await;
            // The organization may have been left in the meantime.
            if inbox.marking.try_update_value(|count| *count -= 1).is_none() {
                return;
            }
            if let Err(error) = told {
                inbox.session.notice(&error);
                inbox.failed.set(Some(error));
                inbox.missed.set_value(true);
            }
            if inbox.marking.get_value() == 0 && inbox.missed.get_value() {
                inbox.missed.set_value(false);
                inbox.refresh();
            }
            inbox.ask_when_settled();
        });
    }

    /// Asks once after the last of several marks. Those that aren't read stay as they are listed, unless others changed.
    fn ask_when_settled(self) {
        let mine = self.marks.get_value();
        set_timeout(
            move || {
                if self.marks.try_get_value() == Some(mine) {
                    self.all.first.refresh();
                }
            },
            SETTLED,
        );
    }
}

/// The inbox of whoever has one.
pub fn use_inbox() -> Option<Inbox> {
    use_context()
}
