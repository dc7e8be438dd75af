//! The calls that a page shows, put together from answers that may come in any order.

use super::{Call, CallPage, CallQuery};
use crate::ids::CallId;

/// A list of calls as a page shows it, the newest first: a page of them, what was loaded after it, and those that came
/// since and wait to be shown.
///
/// Answers say which calls they follow or precede, and calls are ordered by their ids. So an answer that doesn't fit what
/// is shown any more, since another came before it, is left out.
#[derive(Clone, Debug, Default)]
pub struct KnownCalls {
    /// What the calls are an answer to; `None` before the first.
    query: Option<CallQuery>,
    calls: Vec<Call>,
    more: bool,
    waiting: Option<CallPage>,
}

impl KnownCalls {
    /// Shows a page, and nothing else.
    pub fn begin(&mut self, query: CallQuery, page: CallPage) {
        *self = Self { query: Some(query), calls: page.calls, more: page.more, waiting: None };
    }

    /// What the calls are an answer to; `None` before the first.
    pub fn query(&self) -> Option<&CallQuery> {
        self.query.as_ref()
    }

    /// All that are shown, the newest first.
    pub fn calls(&self) -> &[Call] {
        &self.calls
    }

    /// Whether there are older ones than those shown.
    pub fn has_more(&self) -> bool {
        self.more
    }

    /// The last one that is shown.
    pub fn last(&self) -> Option<CallId> {
        self.calls.last().map(|call| call.id)
    }

    /// Those that came since and aren't shown yet.
    pub fn waiting(&self) -> Option<&CallPage> {
        self.waiting.as_ref()
    }

    /// Adds the calls after `before`, unless that isn't the last one that is shown, or they answer another query.
    pub fn take_older(&mut self, query: &CallQuery, before: CallId, page: CallPage) {
        if self.query.as_ref() == Some(query) && self.last() == Some(before) {
            self.calls.extend(page.calls);
            self.more = page.more;
        }
    }

    /// Lets wait what of the newest page isn't shown yet, unless newer calls are known or it answers another query.
    pub fn take_newest(&mut self, query: &CallQuery, page: CallPage) {
        let newest = |calls: &[Call]| calls.first().map(|call| call.id);
        let known = self.waiting.as_ref().and_then(|waiting| newest(&waiting.calls)).max(newest(&self.calls));
        if self.query.as_ref() != Some(query) || newest(&page.calls) <= known {
            return;
        }
        let shown = newest(&self.calls);
        let total = page.calls.len();
        let calls: Vec<Call> = page.calls.into_iter().filter(|call| Some(call.id) > shown).collect();
        // Where none on the page is shown, there may be others in between.
        let more = page.more && calls.len() == total;
        self.waiting = Some(CallPage { calls, more });
    }

    /// Shows those that wait on top; `false` where others may lie in between, so that the list has to begin anew.
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
        calls::{Measured, Outcome},
        models::Service,
        money::{Parts, Quantities},
        time::Timestamp,
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
            measured: Measured::Reported,
            used: Quantities::default(),
            cost: None,
            unpriced: Parts::NONE,
        };
        CallPage { calls: ids.iter().map(call).collect(), more }
    }

    fn numbers(calls: &[Call]) -> Vec<u128> {
        calls.iter().map(|call| call.id.uuid().as_u128()).collect()
    }

    fn shown(known: &KnownCalls) -> Vec<u128> {
        numbers(known.calls())
    }

    fn waiting(known: &KnownCalls) -> Vec<u128> {
        known.waiting().map(|page| numbers(&page.calls)).unwrap_or_default()
    }

    fn known(ids: &[u128]) -> KnownCalls {
        let mut known = KnownCalls::default();
        known.begin(CallQuery::default(), page(ids, true));
        known
    }

    #[test]
    fn older_calls_follow_only_the_call_they_were_asked_after() {
        let mut known = known(&[9, 8]);
        let query = CallQuery::default();
        known.take_older(&query, id(8), page(&[7, 6], true));
        // Asked twice, or for a list that has begun anew since.
        known.take_older(&query, id(8), page(&[7, 6], true));
        known.take_older(&CallQuery { before: Some(id(1)), ..query }, id(6), page(&[5], true));
        assert_eq!((shown(&known), known.has_more()), (vec![9, 8, 7, 6], true));
    }

    #[test]
    fn news_that_were_overtaken_change_nothing() {
        let mut known = known(&[5]);
        let query = CallQuery::default();
        known.take_newest(&query, page(&[8, 7, 6, 5], true));
        known.take_newest(&query, page(&[6, 5], true));
        assert_eq!(waiting(&known), [8, 7, 6]);
        assert!(known.show_waiting());
        // Asked before they were shown, answered after.
        known.take_newest(&query, page(&[7, 6, 5], true));
        assert_eq!((waiting(&known), shown(&known)), (vec![], vec![8, 7, 6, 5]));
    }

    #[test]
    fn a_page_full_of_news_may_leave_a_gap() {
        let mut known = known(&[5]);
        known.take_newest(&CallQuery::default(), page(&[9, 8], true));
        assert!(known.waiting().is_some_and(|page| page.more));
        assert!(!known.show_waiting());
        assert_eq!((shown(&known), known.waiting()), (vec![5], None));
    }

    #[test]
    fn news_of_another_query_are_left_out() {
        let mut known = known(&[5]);
        known.take_newest(&CallQuery { before: Some(id(3)), ..CallQuery::default() }, page(&[9], false));
        assert_eq!(known.waiting(), None);
    }

    #[test]
    fn where_nothing_is_shown_all_is_new() {
        let mut known = known(&[]);
        known.take_newest(&CallQuery::default(), page(&[2, 1], false));
        assert!(known.show_waiting());
        assert_eq!(shown(&known), [2, 1]);
    }
}
