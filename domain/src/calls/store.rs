//! The calls that a page shows, assembled from answers that may arrive in any order.

use super::{Call, CallPage, CallQuery};
use crate::{ids::CallId, time::Timestamp};

/// A page's list of calls, newest first: the first page, the pages loaded after it, and newer calls that wait
/// to be shown.
///
/// Every answer says which calls it follows or precedes, and calls are ordered by their ids, so an answer
/// that no longer fits the list, because another overtook it, is ignored.
#[derive(Clone, Debug, Default)]
pub struct CallStore {
    /// Query of the listed calls; `None` before the first answer.
    query: Option<CallQuery>,
    calls: Vec<Call>,
    more: bool,
    kept_since: Option<Timestamp>,
    waiting: Option<CallPage>,
}

impl CallStore {
    /// Replaces the list by a first page.
    pub fn reset(&mut self, query: CallQuery, page: CallPage) {
        let CallPage { calls, more, kept_since } = page;
        *self = Self { query: Some(query), calls, more, kept_since, waiting: None };
    }

    /// The query of the listed calls; `None` before the first answer.
    pub fn query(&self) -> Option<&CallQuery> {
        self.query.as_ref()
    }

    /// The calls that are shown, newest first.
    pub fn calls(&self) -> &[Call] {
        &self.calls
    }

    /// Whether there are older calls than those shown.
    pub fn has_more(&self) -> bool {
        self.more
    }

    /// The moment from which calls are kept, if the query includes earlier ones.
    pub fn kept_since(&self) -> Option<Timestamp> {
        self.kept_since
    }

    /// The last call that is shown.
    pub fn last(&self) -> Option<CallId> {
        self.calls.last().map(|call| call.id)
    }

    /// Newer calls that aren't shown yet.
    pub fn waiting(&self) -> Option<&CallPage> {
        self.waiting.as_ref()
    }

    /// Appends the calls after `before`, unless it isn't the last call shown or the page answers another
    /// query.
    pub fn append_older(&mut self, query: &CallQuery, before: CallId, page: CallPage) {
        if self.query.as_ref() == Some(query) && self.last() == Some(before) {
            self.calls.extend(page.calls);
            self.more = page.more;
        }
    }

    /// Keeps the calls of the newest page that aren't shown yet, unless newer calls are known or the page
    /// answers another query.
    pub fn add_newest(&mut self, query: &CallQuery, page: CallPage) {
        let newest = |calls: &[Call]| calls.first().map(|call| call.id);
        let newest_known = self.waiting.as_ref().and_then(|waiting| newest(&waiting.calls)).max(newest(&self.calls));
        if self.query.as_ref() != Some(query) || newest(&page.calls) <= newest_known {
            return;
        }
        let newest_shown = newest(&self.calls);
        let total = page.calls.len();
        let calls: Vec<Call> = page.calls.into_iter().filter(|call| Some(call.id) > newest_shown).collect();
        // If no call on the page is shown yet, there may be others in between.
        let more = page.more && calls.len() == total;
        self.waiting = Some(CallPage { calls, more, ..page });
    }

    /// Shows the waiting calls on top; `false` where others may lie in between, so that the list must be
    /// reloaded.
    pub fn show_waiting(&mut self) -> bool {
        let Some(page) = self.waiting.take() else { return true };
        if !page.more {
            self.calls.splice(0..0, page.calls);
        }
        !page.more
    }
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;
    use crate::{
        calls::{CountSource, Outcome},
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
        };
        CallPage { calls: ids.iter().map(call).collect(), more, kept_since: None }
    }

    fn numbers(calls: &[Call]) -> Vec<u128> {
        calls.iter().map(|call| call.id.uuid().as_u128()).collect()
    }

    fn shown(store: &CallStore) -> Vec<u128> {
        numbers(store.calls())
    }

    fn waiting(store: &CallStore) -> Vec<u128> {
        store.waiting().map(|page| numbers(&page.calls)).unwrap_or_default()
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
    fn news_that_were_overtaken_change_nothing() {
        let mut store = store(&[5]);
        let query = CallQuery::default();
        store.add_newest(&query, page(&[8, 7, 6, 5], true));
        store.add_newest(&query, page(&[6, 5], true));
        assert_eq!(waiting(&store), [8, 7, 6]);
        assert!(store.show_waiting());
        // Asked before they were shown, answered after.
        store.add_newest(&query, page(&[7, 6, 5], true));
        assert_eq!((waiting(&store), shown(&store)), (vec![], vec![8, 7, 6, 5]));
    }

    #[test]
    fn a_page_full_of_news_may_leave_a_gap() {
        let mut store = store(&[5]);
        store.add_newest(&CallQuery::default(), page(&[9, 8], true));
        assert!(store.waiting().is_some_and(|page| page.more));
        assert!(!store.show_waiting());
        assert_eq!((shown(&store), store.waiting()), (vec![5], None));
    }

    #[test]
    fn news_of_another_query_are_left_out() {
        let mut store = store(&[5]);
        store.add_newest(&CallQuery { before: Some(id(3)), ..CallQuery::default() }, page(&[9], false));
        assert_eq!(store.waiting(), None);
    }

    #[test]
    fn where_nothing_is_shown_all_is_new() {
        let mut store = store(&[]);
        store.add_newest(&CallQuery::default(), page(&[2, 1], false));
        assert!(store.show_waiting());
        assert_eq!(shown(&store), [2, 1]);
    }
}
