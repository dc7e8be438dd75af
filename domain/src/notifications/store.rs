//! The dashboard's copy of an inbox, assembled from answers that may arrive in any order.

use super::{InboxPage, Notification, Unread};
use crate::ids::NotificationId;

/// An inbox as a page shows it: the server's newest answers, and the page's own marks, which these may lack.
///
/// An answer that arrives while a mark is pending may have been read before or after the mark was made, so it
/// waits until all marks are answered. Then the versions decide: answers older than the known state are
/// ignored.
#[derive(Clone, Debug, Default)]
pub struct InboxStore {
    unread: Unread,
    /// The newest count that arrived while marks were pending.
    held: Option<Unread>,
    lists: [ListState; 2],
    /// The page's own marks since none was pending, in the order in which they were made.
    marks: Vec<Mark>,
    last_mark_number: u32,
}

/// A filter of notifications.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum InboxFilter {
    All,
    /// Notifications that were unread when the list was queried.
    Unread,
}

/// The number of a mark, which identifies it until it is answered.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct MarkNumber(u32);

#[derive(Clone, Debug, Default)]
struct ListState {
    /// Version of the inbox that the rows reflect; `None` before the first answer.
    version: Option<i64>,
    rows: Vec<Notification>,
    more: bool,
}

#[derive(Clone, Debug)]
struct Mark {
    number: MarkNumber,
    /// `None` for all notifications.
    id: Option<NotificationId>,
    read: bool,
    answered: bool,
}

impl Mark {
    fn affects(&self, id: NotificationId) -> bool {
        self.id.is_none_or(|marked| marked == id)
    }
}

impl InboxStore {
    /// The number of unread notifications, with own marks applied.
    pub fn count(&self) -> i64 {
        let all_read = self.marks.iter().rposition(|mark| mark.id.is_none());
        let (count, marks) = match all_read {
            Some(at) => (0, &self.marks[at + 1..]),
            None => (self.unread.count, &self.marks[..]),
        };
        let last_mark_of_each = marks.iter().enumerate().filter_map(|(at, mark)| {
            let id = mark.id?;
            let last = !marks[at + 1..].iter().any(|later| later.affects(id));
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

    /// The rows of a list, newest first, with own marks applied.
    pub fn rows(&self, filter: InboxFilter) -> Vec<Notification> {
        let mut rows = self.lists[filter as usize].rows.clone();
        apply(&self.marks, &mut rows);
        rows
    }

    /// Whether there are older notifications than those in the list.
    pub fn has_more(&self, filter: InboxFilter) -> bool {
        self.lists[filter as usize].more
    }

    /// The newest known version of the inbox, if the list is older than that and has to be queried again.
    pub fn missing_version(&self, filter: InboxFilter) -> Option<i64> {
        let listed = self.lists[filter as usize].version?;
        (!self.is_marking() && listed < self.unread.version).then_some(self.unread.version)
    }

    /// Updates the number of unread notifications, unless a newer one is known.
    pub fn update_unread(&mut self, unread: Unread) {
        if self.is_marking() {
            self.held = Some(newer(self.held.unwrap_or(self.unread), unread));
        } else {
            self.unread = newer(self.unread, unread);
        }
    }

    /// Updates a list with its newest page, unless a newer one is known. While a mark is pending, the page is
    /// ignored and the list is outdated afterwards.
    pub fn update_page(&mut self, filter: InboxFilter, page: InboxPage) {
        let unread = page.unread;
        self.update_unread(unread);
        if self.is_marking() {
            return;
        }
        let list = &mut self.lists[filter as usize];
        if list.version.is_some_and(|version| version > unread.version) {
            return;
        }
        let rows = std::mem::take(&mut list.rows);
        let page = page.on_top_of(InboxPage { unread, notifications: rows, more: list.more });
        *list = ListState { version: Some(unread.version), rows: page.notifications, more: page.more };
    }

    /// Appends the page that follows the row `before`, unless it is no longer the last row.
    pub fn append_older(&mut self, filter: InboxFilter, before: NotificationId, page: InboxPage) {
        let list = &mut self.lists[filter as usize];
        if list.rows.last().map(|row| row.id) == Some(before) {
            list.rows.extend(page.notifications);
            list.more = page.more;
        }
    }

    /// Marks one notification as read or unread ahead of the server, or all as read; `None` where that
    /// changes nothing.
    pub fn mark(&mut self, id: Option<NotificationId>, read: bool) -> Option<MarkNumber> {
        let changes = |row: Notification| id.is_none_or(|id| row.id == id) && row.read != read;
        if id.is_some()
            && ![InboxFilter::All, InboxFilter::Unread].into_iter().flat_map(|filter| self.rows(filter)).any(changes)
        {
            return None;
        }
        self.last_mark_number += 1;
        let number = MarkNumber(self.last_mark_number);
        self.marks.push(Mark { number, id, read, answered: false });
        Some(number)
    }

    /// Confirms a mark with the server's answer to it.
    pub fn confirm_mark(&mut self, number: MarkNumber, unread: Unread) {
        if let Some(mark) = self.marks.iter_mut().find(|mark| mark.number == number) {
            mark.answered = true;
            self.held = Some(newer(self.held.unwrap_or(self.unread), unread));
            self.apply_held();
        }
    }

    /// Drops a mark that the server may not have made.
    pub fn mark_failed(&mut self, number: MarkNumber) {
        self.marks.retain(|mark| mark.number != number);
        self.apply_held();
    }

    fn is_marking(&self) -> bool {
        self.marks.iter().any(|mark| !mark.answered)
    }

    /// Applies the marks and the count that was held back, once all marks are answered.
    fn apply_held(&mut self) {
        if self.is_marking() {
            return;
        }
        let marks = std::mem::take(&mut self.marks);
        let made = i64::try_from(marks.len()).unwrap_or(i64::MAX);
        for list in &mut self.lists {
            apply(&marks, &mut list.rows);
            // Each mark is one change. If there were others, the list's version stays behind the inbox's.
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

fn newer(current: Unread, received: Unread) -> Unread {
    if received.version >= current.version { received } else { current }
}

fn apply(marks: &[Mark], rows: &mut [Notification]) {
    for mark in marks {
        for row in rows.iter_mut().filter(|row| mark.affects(row.id)) {
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

    /// A page with the whole inbox, as `(number, read)`, newest first.
    fn page(version: i64, rows: &[(u128, bool)]) -> InboxPage {
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
        InboxPage { unread: unread(version, count), notifications: rows.iter().map(row).collect(), more: false }
    }

    fn store(version: i64, rows: &[(u128, bool)]) -> InboxStore {
        let mut store = InboxStore::default();
        store.update_page(InboxFilter::All, page(version, rows));
        store
    }

    fn shown(store: &InboxStore) -> Vec<bool> {
        store.rows(InboxFilter::All).iter().map(|row| row.read).collect()
    }

    #[test]
    fn an_answer_that_was_overtaken_changes_nothing() {
        let mut store = store(7, &[(2, true), (1, true)]);
        store.update_page(InboxFilter::All, page(6, &[(2, false), (1, true)]));
        store.update_unread(unread(5, 2));
        assert_eq!((store.count(), shown(&store)), (0, vec![true, true]));
        assert_eq!(store.missing_version(InboxFilter::All), None);
    }

    #[test]
    fn a_mark_counts_at_once_and_stays_while_older_answers_come() {
        let mut store = store(1, &[(1, false)]);
        let mark = store.mark(Some(id(1)), true).unwrap();
        assert_eq!((store.count(), shown(&store)), (0, vec![true]));
        // Queried before the mark, answered before it is confirmed.
        store.update_page(InboxFilter::All, page(1, &[(1, false)]));
        store.update_unread(unread(1, 1));
        assert_eq!((store.count(), shown(&store)), (0, vec![true]));
        store.confirm_mark(mark, unread(2, 0));
        // Queried before the mark, answered long after.
        store.update_page(InboxFilter::All, page(1, &[(1, false)]));
        store.update_unread(unread(1, 1));
        assert_eq!((store.count(), shown(&store)), (0, vec![true]));
        assert_eq!(store.missing_version(InboxFilter::All), None);
    }

    #[test]
    fn news_of_a_mark_before_its_own_answer_count_once() {
        let mut store = store(1, &[(2, false), (1, false)]);
        let mark = store.mark(Some(id(1)), true).unwrap();
        store.update_unread(unread(2, 1));
        assert_eq!(store.count(), 1);
        store.confirm_mark(mark, unread(2, 1));
        assert_eq!((store.count(), shown(&store)), (1, vec![false, true]));
        assert_eq!(store.missing_version(InboxFilter::All), None);
    }

    #[test]
    fn a_mark_that_was_taken_back_elsewhere_is_seen() {
        let mut store = store(1, &[(1, false)]);
        let mark = store.mark(Some(id(1)), true).unwrap();
        // Another tab marked it as unread, and that arrived before the answer to the mark.
        store.update_unread(unread(3, 1));
        store.confirm_mark(mark, unread(2, 0));
        assert_eq!(store.count(), 1);
        assert_eq!(store.missing_version(InboxFilter::All), Some(3));
        store.update_page(InboxFilter::All, page(3, &[(1, false)]));
        assert_eq!((shown(&store), store.missing_version(InboxFilter::All)), (vec![false], None));
    }

    #[test]
    fn a_mark_that_failed_is_taken_back() {
        let mut store = store(1, &[(2, false), (1, false)]);
        let [first, second] = [1, 2].map(|number| store.mark(Some(id(number)), true).unwrap());
        assert_eq!(store.count(), 0);
        store.mark_failed(first);
        store.confirm_mark(second, unread(2, 1));
        assert_eq!((store.count(), shown(&store)), (1, vec![true, false]));
    }

    #[test]
    fn answers_to_several_marks_may_come_in_any_order() {
        let mut store = store(1, &[(2, false), (1, false)]);
        let [first, second] = [1, 2].map(|number| store.mark(Some(id(number)), true).unwrap());
        store.confirm_mark(second, unread(3, 0));
        assert_eq!(store.count(), 0);
        store.confirm_mark(first, unread(2, 1));
        assert_eq!((store.count(), shown(&store)), (0, vec![true, true]));
        assert_eq!(store.missing_version(InboxFilter::All), None);
    }

    #[test]
    fn what_was_marked_and_marked_again_counts_as_it_stands() {
        let mut store = store(4, &[(2, true), (1, false)]);
        store.mark(Some(id(1)), true).unwrap();
        store.mark(Some(id(1)), false).unwrap();
        assert_eq!(store.count(), 1);
        store.mark(Some(id(2)), false).unwrap();
        assert_eq!(store.count(), 2);
        store.mark(None, true).unwrap();
        assert_eq!((store.count(), shown(&store)), (0, vec![true, true]));
        store.mark(Some(id(2)), false).unwrap();
        assert_eq!((store.count(), shown(&store)), (1, vec![false, true]));
    }

    #[test]
    fn a_mark_that_changes_nothing_is_not_made() {
        let mut store = store(1, &[(2, true), (1, false)]);
        assert_eq!(store.mark(Some(id(2)), true), None);
        assert_eq!(store.mark(Some(id(9)), true), None);
        let _ = store.mark(Some(id(1)), true).unwrap();
        assert_eq!(store.mark(Some(id(1)), true), None);
    }

    #[test]
    fn a_list_misses_a_version_from_when_something_newer_is_known() {
        let mut store = store(1, &[(1, false)]);
        store.update_unread(unread(2, 2));
        assert_eq!(store.missing_version(InboxFilter::All), Some(2));
        // The unread list isn't shown, so it wasn't queried.
        assert_eq!(store.missing_version(InboxFilter::Unread), None);
        store.update_page(InboxFilter::All, page(2, &[(2, false), (1, false)]));
        assert_eq!(store.missing_version(InboxFilter::All), None);
    }

    #[test]
    fn older_rows_are_added_only_behind_the_row_they_follow() {
        let mut store = store(1, &[(3, false), (2, false)]);
        store.append_older(InboxFilter::All, id(5), page(1, &[(4, false)]));
        store.append_older(InboxFilter::All, id(2), page(1, &[(1, false)]));
        store.append_older(InboxFilter::All, id(2), page(1, &[(1, false)]));
        assert_eq!(shown(&store).len(), 3);
    }
}
