//! The calls that a page shows, assembled from answers that may arrive in any order.

use super::{Call, CallPage, CallQuery, PAGE_SIZE};
use crate::{ids::CallId, time::Timestamp};

/// A page's list of calls, newest first: the first page, the pages loaded after it, and newer calls that wait
/// to be shown.
///
/// Calls are ordered by their ids, by when they began, but are known once they end: one that took long comes in
/// between others. So answers are merged by id, and the order in which they arrive doesn't matter.
#[derive(Clone, Debug, Default)]
pub struct CallStore {
    /// Query of the listed calls; `None` before the first answer.
    query: Option<CallQuery>,
    calls: Vec<Call>,
    more: bool,
    kept_since: Option<Timestamp>,
    /// Where the search for the last page stopped for lack of time.
    stopped_at: Option<CallId>,
    /// Calls that aren't shown yet, newest first.
    waiting: Vec<Call>,
    /// Whether there may be calls between those that wait and those that are shown.
    gap: bool,
}

impl CallStore {
    /// Replaces the list by a first page.
    pub fn reset(&mut self, query: CallQuery, page: CallPage) {
        let CallPage { calls, more, kept_since, stopped_at } = page;
        *self = Self { query: Some(query), calls, more, kept_since, stopped_at, ..Self::default() };
    }

    /// The query of the listed calls; `None` before the first answer.
    pub fn query(&self) -> Option<&CallQuery> {
        self.query.as_ref()
    }

    /// The calls that are shown, newest first.
    pub fn calls(&self) -> &[Call] {
        &self.calls
    }

    /// The place of a call among those that are shown.
    pub fn position(&self, id: CallId) -> Option<usize> {
        place(&self.calls, id).ok()
    }

    /// Whether there are older calls than those shown.
    pub fn has_more(&self) -> bool {
        self.more
    }

    /// The moment from which calls are kept, if the query includes earlier ones.
    pub fn kept_since(&self) -> Option<Timestamp> {
        self.kept_since
    }

    /// The call at which the search for older ones stopped for lack of time, if it did.
    pub fn stopped_at(&self) -> Option<CallId> {
        self.stopped_at
    }

    /// The id down to which calls are listed, before which the next page begins: that of the last call, or where the
    /// search for older ones stopped.
    pub fn last(&self) -> Option<CallId> {
        self.stopped_at.or_else(|| self.calls.last().map(|call| call.id))
    }

    /// Number of calls that aren't shown yet, and whether there may be more.
    pub fn waiting(&self) -> (usize, bool) {
        (self.waiting.len(), self.gap)
    }

    /// Appends the calls after `before`, unless it isn't where the list ends or the page answers another query.
    pub fn append_older(&mut self, query: &CallQuery, before: CallId, page: CallPage) {
        if self.query.as_ref() == Some(query) && self.last() == Some(before) {
            self.calls.extend(page.calls);
            self.more = page.more;
            self.stopped_at = page.stopped_at;
        }
    }

    /// Keeps the calls of the newest page that aren't shown yet, unless the page answers another query.
    pub fn add_newest(&mut self, query: &CallQuery, page: CallPage) {
        if self.query.as_ref() != Some(query) {
            return;
        }
        // The page begins where it was cut off; a list that isn't complete ends at its last call.
        let oldest = page.calls.last().map(|call| call.id);
        let newest_known = [&self.waiting, &self.calls].into_iter().filter_map(|calls| Some(calls.first()?.id)).max();
        self.gap |= page.more && oldest > newest_known;
        let last = self.last().filter(|_| self.more);
        let is_new = |call: &Call| Some(call.id) > last && place(&self.calls, call.id).is_err();
        let new: Vec<Call> = page.calls.into_iter().filter(is_new).collect();
        merge(&mut self.waiting, new);
        if self.gap {
            // The list will be loaded again, so these are only counted.
            self.waiting.truncate(PAGE_SIZE as usize);
        }
    }

    /// Shows the waiting calls in their places, unless others may lie in between: then the list must be loaded again.
    pub fn show_waiting(&mut self) {
        if !self.gap {
            let waiting = std::mem::take(&mut self.waiting);
            merge(&mut self.calls, waiting);
        }
    }

    /// Drops the oldest calls beyond the newest `count`, which can be loaded again.
    pub fn truncate(&mut self, count: usize) {
        if self.calls.len() > count {
            self.calls.truncate(count);
            self.more = true;
            self.stopped_at = None;
        }
    }
}

/// The place of a call in `calls`, newest first: where it is, or where it would be.
fn place(calls: &[Call], id: CallId) -> Result<usize, usize> {
    calls.binary_search_by(|call| id.cmp(&call.id))
}

/// Adds those of `new` that `calls` doesn't contain, each in its place.
fn merge(calls: &mut Vec<Call>, new: Vec<Call>) {
    for call in new {
        if let Err(place) = place(calls, call.id) {
            calls.insert(place, call);
        }
    }
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;
    use crate::{
        calls::{CallTags, CountSource, Outcome},
        models::Service,
        money::{PriceParts, Quantities},
    };

    fn id(number: u128) -> CallId {
        CallId::new(Uuid::from_u128(number))
    }

    fn page(ids: &[u128], more: bool) -> CallPage {
        let call = |number: &u128| Call {
            id: id(*number),
            started_at: Timestamp::from_millis(1_795_000_000_000),
            project: None,
            api_key: None,
            service: Service::Chat,
            endpoint: String::new(),
            model: String::new(),
            provider: String::new(),
            status: 200,
            outcome: Outcome::Succeeded,
            error_code: String::new(),
            streamed: false,
            times: 1,
            duration_us: 1,
            first_byte_us: None,
            measured: CountSource::Reported,
            used: Quantities::default(),
            cost: None,
            unpriced: PriceParts::NONE,
            tags: CallTags::default(),
        };
        CallPage { calls: ids.iter().map(call).collect(), more, ..CallPage::default() }
    }

    fn numbers(calls: &[Call]) -> Vec<u128> {
        calls.iter().map(|call| call.id.uuid().as_u128()).collect()
    }

    fn shown(store: &CallStore) -> Vec<u128> {
        numbers(store.calls())
    }

    fn waiting(store: &CallStore) -> Vec<u128> {
        numbers(&store.waiting)
    }

    fn store(ids: &[u128]) -> CallStore {
        let mut store = CallStore::default();
        store.reset(CallQuery::default(), page(ids, true));
        store
    }

    #[test]
    fn older_calls_follow_only_the_call_they_were_asked_after() {
        let mut store = store(&[9, 8]);
        let query = CallQuery::default();
        store.append_older(&query, id(8), page(&[7, 6], true));
        // Asked twice, or for a list that was replaced since.
        store.append_older(&query, id(8), page(&[7, 6], true));
        store.append_older(&CallQuery { before: Some(id(1)), ..query }, id(6), page(&[5], true));
        assert_eq!((shown(&store), store.has_more()), (vec![9, 8, 7, 6], true));
    }

    #[test]
    fn a_search_that_stopped_goes_on_where_it_did() {
        let mut store = store(&[9, 8]);
        let query = CallQuery::default();
        store.append_older(&query, id(8), CallPage { stopped_at: Some(id(4)), ..page(&[7], true) });
        assert_eq!((store.last(), store.stopped_at()), (Some(id(4)), Some(id(4))));
        store.append_older(&query, id(7), page(&[6], true));
        store.append_older(&query, id(4), page(&[3], false));
        assert_eq!((shown(&store), store.stopped_at(), store.last()), (vec![9, 8, 7, 3], None, Some(id(3))));
    }

    #[test]
    fn news_that_were_overtaken_change_nothing() {
        let mut store = store(&[5]);
        let query = CallQuery::default();
        store.add_newest(&query, page(&[8, 7, 6, 5], true));
        store.add_newest(&query, page(&[6, 5], true));
        assert_eq!(waiting(&store), [8, 7, 6]);
        store.show_waiting();
        // Asked before they were shown, answered after.
        store.add_newest(&query, page(&[7, 6, 5], true));
        assert_eq!((waiting(&store), shown(&store)), (vec![], vec![8, 7, 6, 5]));
    }

    #[test]
    fn a_call_that_took_long_comes_in_its_place() {
        let mut store = store(&[9, 7, 5]);
        let query = CallQuery::default();
        store.add_newest(&query, page(&[9, 8, 7, 5], true));
        assert_eq!((waiting(&store), store.waiting()), (vec![8], (1, false)));
        store.add_newest(&query, page(&[10, 9, 8, 7, 6, 5], true));
        store.show_waiting();
        assert_eq!((shown(&store), store.waiting()), (vec![10, 9, 8, 7, 6, 5], (0, false)));
    }

    #[test]
    fn a_page_full_of_news_may_leave_a_gap_however_the_next_answers_look() {
        let mut store = store(&[5]);
        let query = CallQuery::default();
        store.add_newest(&query, page(&[9, 8], true));
        assert_eq!(store.waiting(), (2, true));
        store.add_newest(&query, page(&[10, 9, 8], true));
        store.show_waiting();
        assert_eq!((shown(&store), store.waiting()), (vec![5], (3, true)));
        store.reset(query, page(&[10, 9, 8, 7], true));
        assert_eq!((shown(&store), store.waiting()), (vec![10, 9, 8, 7], (0, false)));
    }

    #[test]
    fn calls_before_the_end_of_the_list_come_with_the_next_page() {
        let mut store = store(&[9, 8]);
        let query = CallQuery::default();
        store.add_newest(&query, page(&[9, 8, 7, 6], false));
        assert!(waiting(&store).is_empty());
        // The whole list is shown, so nothing would load them.
        store.append_older(&query, id(8), page(&[7, 6], false));
        store.add_newest(&query, page(&[9, 8, 7, 6, 5], false));
        assert_eq!(waiting(&store), [5]);
    }

    #[test]
    fn news_of_another_query_are_left_out() {
        let mut store = store(&[5]);
        store.add_newest(&CallQuery { before: Some(id(3)), ..CallQuery::default() }, page(&[9], false));
        assert_eq!(store.waiting(), (0, false));
    }

    #[test]
    fn where_nothing_is_shown_all_is_new() {
        let mut store = CallStore::default();
        store.reset(CallQuery::default(), page(&[], false));
        store.add_newest(&CallQuery::default(), page(&[2, 1], false));
        store.show_waiting();
        assert_eq!(shown(&store), [2, 1]);
    }

    #[test]
    fn a_call_is_found_by_its_id() {
        let store = store(&[9, 7, 5]);
        assert_eq!([9, 7, 5].map(|number| store.position(id(number))), [Some(0), Some(1), Some(2)]);
        assert_eq!([10, 8, 1].map(|number| store.position(id(number))), [None; 3]);
    }

    #[test]
    fn a_list_that_was_cut_off_can_be_loaded_further() {
        let mut store = CallStore::default();
        store.reset(CallQuery::default(), page(&[5, 4, 3], false));
        store.truncate(3);
        assert!(!store.has_more());
        store.truncate(2);
        assert_eq!((shown(&store), store.has_more(), store.last()), (vec![5, 4], true, Some(id(4))));
    }
}
