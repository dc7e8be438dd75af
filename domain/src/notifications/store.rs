//! What a dashboard knows of an inbox, put together from answers that may come in any order.

use super::{Inbox, Notification, Unread};
use crate::ids::NotificationId;

/// An inbox as a page shows it: the server's newest answers, and the page's own marks that these may not include yet.
///
/// What the server sends while a mark is on its way may have been read before the mark was made or after, so it waits
/// until all marks are answered. From then on the version decides: what is older than what is known changes nothing.
#[derive(Clone, Debug, Default)]
pub struct KnownInbox {
    unread: Unread,
    /// The newest count that came while marks were on their way.
    held: Option<Unread>,
    lists: [KnownList; 2],
    /// The page's own marks since the last time that none was on its way, in their order.
    marks: Vec<Mark>,
    marks_made: u32,
}

/// Which notifications are listed.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum InboxFilter {
    All,
    /// Those that weren't read when they were asked for.
    Unread,
}

/// Identifies a mark until it is answered.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct MarkNumber(u32);

#[derive(Clone, Debug, Default)]
struct KnownList {
    /// The inbox's version that the rows are known to be at; `None` before the first answer.
    version: Option<i64>,
    rows: Vec<Notification>,
    more: bool,
}

#[derive(Clone, Debug)]
struct Mark {
    number: MarkNumber,
    /// `None` for all there are.
    id: Option<NotificationId>,
    read: bool,
    answered: bool,
}

impl Mark {
    fn concerns(&self, id: NotificationId) -> bool {
        self.id.is_none_or(|marked| marked == id)
    }
}

impl KnownInbox {
    /// How many aren't read, own marks included.
    pub fn count(&self) -> i64 {
        let all_read = self.marks.iter().rposition(|mark| mark.id.is_none());
        let (count, marks) = match all_read {
            Some(at) => (0, &self.marks[at + 1..]),
            None => (self.unread.count, &self.marks[..]),
        };
        let last_mark_of_each = marks.iter().enumerate().filter_map(|(at, mark)| {
            let id = mark.id?;
            let last = !marks[at + 1..].iter().any(|later| later.concerns(id));
            last.then_some((id, mark.read))
        });
        let change: i64 = last_mark_of_each
            .map(|(id, read)| {
                let read_before = all_read.is_some() || self.server_row(id).is_none_or(|row| row.read);
                i64::from(read_before) - i64::from(read)
            })
            .sum();
        (count + change).max(0)
    }

    /// The rows of a list, the newest first, own marks included.
    pub fn rows(&self, filter: InboxFilter) -> Vec<Notification> {
        let mut rows = self.lists[filter as usize].rows.clone();
        apply(&self.marks, &mut rows);
        rows
    }

    /// Whether there are older notifications than those in the list.
    pub fn has_more(&self, filter: InboxFilter) -> bool {
        self.lists[filter as usize].more
    }

    /// The newest version of the inbox, where the list is known to be older than that and wants to be asked for again.
    pub fn missing_version(&self, filter: InboxFilter) -> Option<i64> {
        let listed = self.lists[filter as usize].version?;
        (!self.is_marking() && listed < self.unread.version).then_some(self.unread.version)
    }

    /// Takes over how many aren't read, unless something newer is known.
    pub fn take_unread(&mut self, unread: Unread) {
        if self.is_marking() {
            self.held = Some(newer(self.held.unwrap_or(self.unread), unread));
        } else {
            self.unread = newer(self.unread, unread);
        }
    }

    /// Takes over the newest page of a list, unless something newer is known. While a mark is on its way, nothing is
    /// taken over, and the list is outdated afterwards.
    pub fn take_page(&mut self, filter: InboxFilter, page: Inbox) {
        let unread = page.unread;
        self.take_unread(unread);
        if self.is_marking() {
            return;
        }
        let known = &mut self.lists[filter as usize];
        if known.version.is_some_and(|version| version > unread.version) {
            return;
        }
        let rows = std::mem::take(&mut known.rows);
        let page = page.on_top_of(Inbox { unread, notifications: rows, more: known.more });
        *known = KnownList { version: Some(unread.version), rows: page.notifications, more: page.more };
    }

    /// Adds what is older than the row `before`, unless that isn't the last row any more.
    pub fn take_older(&mut self, filter: InboxFilter, before: NotificationId, page: Inbox) {
        let known = &mut self.lists[filter as usize];
        if known.rows.last().map(|row| row.id) == Some(before) {
            known.rows.extend(page.notifications);
            known.more = page.more;
        }
    }

    /// Marks one as read or unread ahead of the server, or all as read; `None` where that changes nothing.
    pub fn mark(&mut self, id: Option<NotificationId>, read: bool) -> Option<MarkNumber> {
        let changes = |row: Notification| id.is_none_or(|id| row.id == id) && row.read != read;
        if id.is_some()
            && ![InboxFilter::All, InboxFilter::Unread].into_iter().flat_map(|filter| self.rows(filter)).any(changes)
        {
            return None;
        }
        self.marks_made += 1;
        let number = MarkNumber(self.marks_made);
        self.marks.push(Mark { number, id, read, answered: false });
        Some(number)
    }

    /// The server made a mark, after which the inbox stood like this.
    pub fn mark_made(&mut self, number: MarkNumber, unread: Unread) {
        if let Some(mark) = self.marks.iter_mut().find(|mark| mark.number == number) {
            mark.answered = true;
            self.held = Some(newer(self.held.unwrap_or(self.unread), unread));
            self.settle();
        }
    }

    /// The server may not have made a mark: it is taken back.
    pub fn mark_failed(&mut self, number: MarkNumber) {
        self.marks.retain(|mark| mark.number != number);
        self.settle();
    }

    fn is_marking(&self) -> bool {
        self.marks.iter().any(|mark| !mark.answered)
    }

    /// Once all marks are answered, what was held back counts.
    fn settle(&mut self) {
        if self.is_marking() {
            return;
        }
        let marks = std::mem::take(&mut self.marks);
        let made = i64::try_from(marks.len()).unwrap_or(i64::MAX);
        for list in &mut self.lists {
            apply(&marks, &mut list.rows);
            // Each mark is one change. Where there were others, the version stays behind.
            if let Some(version) = &mut list.version {
                *version += made;
            }
        }
        if let Some(held) = self.held.take() {
            self.unread = newer(self.unread, held);
        }
    }

    /// A row as the server last sent it.
    fn server_row(&self, id: NotificationId) -> Option<&Notification> {
        self.lists.iter().flat_map(|list| &list.rows).find(|row| row.id == id)
    }
}

fn newer(known: Unread, said: Unread) -> Unread {
    if said.version >= known.version { said } else { known }
}

fn apply(marks: &[Mark], rows: &mut [Notification]) {
    for mark in marks {
        for row in rows.iter_mut().filter(|row| mark.concerns(row.id)) {
            row.read = mark.read;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{ids::ApiKeyId, notifications::Notice, time::Timestamp};

    const AT: Timestamp = Timestamp::from_millis(1_795_000_000_000);

    fn id(number: u128) -> NotificationId {
        NotificationId::new(uuid::Uuid::from_u128(number))
    }

    fn unread(version: i64, count: i64) -> Unread {
        Unread { version, count }
    }

    /// A whole inbox, as `(number, read)` with the newest first.
    fn page(version: i64, rows: &[(u128, bool)]) -> Inbox {
        let row = |&(number, read): &(u128, bool)| Notification {
            id: id(number),
            at: AT,
            read,
            notice: Notice::KeyRotationDue {
                api_key: ApiKeyId::new(uuid::Uuid::nil()),
                name: "Web".to_owned(),
                since: AT,
            },
        };
        let count = i64::try_from(rows.iter().filter(|(_, read)| !read).count()).unwrap();
        Inbox { unread: unread(version, count), notifications: rows.iter().map(row).collect(), more: false }
    }

    fn known(version: i64, rows: &[(u128, bool)]) -> KnownInbox {
        let mut known = KnownInbox::default();
        known.take_page(InboxFilter::All, page(version, rows));
        known
    }

    fn shown(known: &KnownInbox) -> Vec<bool> {
        known.rows(InboxFilter::All).iter().map(|row| row.read).collect()
    }

    #[test]
    fn an_answer_that_was_overtaken_changes_nothing() {
        let mut known = known(7, &[(2, true), (1, true)]);
        known.take_page(InboxFilter::All, page(6, &[(2, false), (1, true)]));
        known.take_unread(unread(5, 2));
        assert_eq!((known.count(), shown(&known)), (0, vec![true, true]));
        assert_eq!(known.missing_version(InboxFilter::All), None);
    }

    #[test]
    fn a_mark_counts_at_once_and_stays_while_older_answers_come() {
        let mut known = known(1, &[(1, false)]);
        let mark = known.mark(Some(id(1)), true).unwrap();
        assert_eq!((known.count(), shown(&known)), (0, vec![true]));
        // Asked before the mark, answered before it is known to be made.
        known.take_page(InboxFilter::All, page(1, &[(1, false)]));
        known.take_unread(unread(1, 1));
        assert_eq!((known.count(), shown(&known)), (0, vec![true]));
        known.mark_made(mark, unread(2, 0));
        // Asked before the mark, answered long after.
        known.take_page(InboxFilter::All, page(1, &[(1, false)]));
        known.take_unread(unread(1, 1));
        assert_eq!((known.count(), shown(&known)), (0, vec![true]));
        assert_eq!(known.missing_version(InboxFilter::All), None);
    }

    #[test]
    fn news_of_a_mark_before_its_own_answer_count_once() {
        let mut known = known(1, &[(2, false), (1, false)]);
        let mark = known.mark(Some(id(1)), true).unwrap();
        known.take_unread(unread(2, 1));
        assert_eq!(known.count(), 1);
        known.mark_made(mark, unread(2, 1));
        assert_eq!((known.count(), shown(&known)), (1, vec![false, true]));
        assert_eq!(known.missing_version(InboxFilter::All), None);
    }

    #[test]
    fn a_mark_that_was_taken_back_elsewhere_is_seen() {
        let mut known = known(1, &[(1, false)]);
        let mark = known.mark(Some(id(1)), true).unwrap();
        // Another tab marked it as unread, and news of that came before the answer to the mark.
        known.take_unread(unread(3, 1));
        known.mark_made(mark, unread(2, 0));
        assert_eq!(known.count(), 1);
        assert_eq!(known.missing_version(InboxFilter::All), Some(3));
        known.take_page(InboxFilter::All, page(3, &[(1, false)]));
        assert_eq!((shown(&known), known.missing_version(InboxFilter::All)), (vec![false], None));
    }

    #[test]
    fn a_mark_that_failed_is_taken_back() {
        let mut known = known(1, &[(2, false), (1, false)]);
        let [first, second] = [1, 2].map(|number| known.mark(Some(id(number)), true).unwrap());
        assert_eq!(known.count(), 0);
        known.mark_failed(first);
        known.mark_made(second, unread(2, 1));
        assert_eq!((known.count(), shown(&known)), (1, vec![true, false]));
    }

    #[test]
    fn answers_to_several_marks_may_come_in_any_order() {
        let mut known = known(1, &[(2, false), (1, false)]);
        let [first, second] = [1, 2].map(|number| known.mark(Some(id(number)), true).unwrap());
        known.mark_made(second, unread(3, 0));
        assert_eq!(known.count(), 0);
        known.mark_made(first, unread(2, 1));
        assert_eq!((known.count(), shown(&known)), (0, vec![true, true]));
        assert_eq!(known.missing_version(InboxFilter::All), None);
    }

    #[test]
    fn what_was_marked_and_marked_again_counts_as_it_stands() {
        let mut known = known(4, &[(2, true), (1, false)]);
        known.mark(Some(id(1)), true).unwrap();
        known.mark(Some(id(1)), false).unwrap();
        assert_eq!(known.count(), 1);
        known.mark(Some(id(2)), false).unwrap();
        assert_eq!(known.count(), 2);
        known.mark(None, true).unwrap();
        assert_eq!((known.count(), shown(&known)), (0, vec![true, true]));
        known.mark(Some(id(2)), false).unwrap();
        assert_eq!((known.count(), shown(&known)), (1, vec![false, true]));
    }

    #[test]
    fn a_mark_that_changes_nothing_is_not_made() {
        let mut known = known(1, &[(2, true), (1, false)]);
        assert_eq!(known.mark(Some(id(2)), true), None);
        assert_eq!(known.mark(Some(id(9)), true), None);
        let _ = known.mark(Some(id(1)), true).unwrap();
        assert_eq!(known.mark(Some(id(1)), true), None);
    }

    #[test]
    fn a_list_misses_a_version_from_when_something_newer_is_known() {
        let mut known = known(1, &[(1, false)]);
        known.take_unread(unread(2, 2));
        assert_eq!(known.missing_version(InboxFilter::All), Some(2));
        // That one isn't shown, and so wasn't asked for.
        assert_eq!(known.missing_version(InboxFilter::Unread), None);
        known.take_page(InboxFilter::All, page(2, &[(2, false), (1, false)]));
        assert_eq!(known.missing_version(InboxFilter::All), None);
    }

    #[test]
    fn older_rows_are_added_only_behind_the_row_they_follow() {
        let mut known = known(1, &[(3, false), (2, false)]);
        known.take_older(InboxFilter::All, id(5), page(1, &[(4, false)]));
        known.take_older(InboxFilter::All, id(2), page(1, &[(1, false)]));
        known.take_older(InboxFilter::All, id(2), page(1, &[(1, false)]));
        assert_eq!(shown(&known).len(), 3);
    }
}
