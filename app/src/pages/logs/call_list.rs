use domain::{
    calls::{Call, CallQuery, CallStore},
    errors::ApiError,
    ids::CallId,
    time::Timestamp,
};
use leptos::{prelude::*, task::spawn_local};

use super::places::{self, Place};
use crate::{
    addresses::LogsAddress,
    api,
    state::{
        CurrentOrganization, CurrentSession, QueryProgress, load_into, now, query_as, use_location, use_organization,
        use_session,
    },
};

/// The listed calls: one [`CallStore`], and the state of the queries that extend it.
#[derive(Clone, Copy)]
pub(super) struct CallList {
    organization: CurrentOrganization,
    session: CurrentSession,
    /// The address's query; `store` follows with the answer.
    query: Memo<CallQuery>,
    store: RwSignal<CallStore>,
    progress: QueryProgress,
    len: Memo<usize>,
    new_calls: Memo<(usize, bool)>,
    /// The call after which older ones were last requested, and the error if that failed.
    older: RwSignal<Option<(CallId, Result<(), ApiError>)>>,
    /// Number of lists so far: a list that replaces another is shown from its top.
    generation: RwSignal<u32>,
    /// Pixels of the list above the window.
    scrolled: StoredValue<f64>,
    /// What `scrolled` is to be, until the list that was left there is shown again.
    restoring: RwSignal<Option<f64>>,
    /// Whether the next answer replaces the list even if it is one to the same query.
    is_reloading: StoredValue<bool>,
}

/// Number of calls that stay in a list that is followed at its top; older ones can be loaded again.
const MAX_FOLLOWED_CALLS: usize = 200;

/// Number of calls of one list. Browsers give elements no more than some ten million pixels, and the calls take tens of
/// megabytes; a narrower range has the rest.
pub(super) const MAX_CALLS: usize = 100_000;

impl CallList {
    pub(super) fn new(address: Memo<LogsAddress>) -> Self {
        let (organization, location) = (use_organization(), use_location());
        // The open call doesn't change the list.
        let query = Memo::new(move |_| address.with(|address| address.calls(None)));
        let store = RwSignal::new(CallStore::default());
        let (scrolled, restoring) = (StoredValue::new(0.0_f64), RwSignal::new(None::<f64>));
        let (generation, is_reloading) = (RwSignal::new(0_u32), StoredValue::new(false));
        // The query that belongs to the answer; the address may have changed when that arrives.
        let requested = StoredValue::new(CallQuery::default());
        let progress = load_into(
            move || {
                let query = query.get();
                let is_shown = store.with_untracked(|store| store.query() == Some(&query));
                let is_left = !is_shown && location.is_return();
                if let Some(place) = is_left.then(|| places::take(&query)).flatten() {
                    replace(store, scrolled.get_value(), place.store);
                    restoring.set(Some(place.scrolled));
                }
                requested.set_value(query.clone());
                Some(api::calls::List { organization: organization.slug(), query })
            },
            move |page| {
                let query = requested.get_value();
                let stays = store.with_untracked(|store| store.query() == Some(&query) && !store.calls().is_empty());
                if stays && !is_reloading.get_value() {
                    return store.update(|store| store.add_newest(&query, page));
                }
                is_reloading.set_value(false);
                let mut next = CallStore::default();
                next.reset(query, page);
                replace(store, scrolled.get_value(), next);
                generation.update(|generation| *generation += 1);
            },
        );
        on_cleanup(move || {
            let left = store.try_update_untracked(std::mem::take).zip(scrolled.try_get_value());
            if let Some((store, scrolled)) = left {
                places::save(Place { store, scrolled });
            }
        });
        let len = Memo::new(move |_| store.with(|store| store.calls().len()));
        let new_calls = Memo::new(move |_| store.with(CallStore::waiting));
        Self {
            organization,
            session: use_session(),
            query,
            store,
            progress,
            len,
            new_calls,
            older: RwSignal::new(None),
            generation,
            scrolled,
            restoring,
            is_reloading,
        }
    }

    /// Progress of loading the first page.
    pub(super) fn progress(&self) -> QueryProgress {
        self.progress
    }

    /// Number of listed calls.
    pub(super) fn len(&self) -> usize {
        self.len.get()
    }

    /// The listed calls from one place to another, newest first; fewer where the list ends before.
    pub(super) fn calls(&self, from: usize, to: usize) -> Vec<Call> {
        self.store.with(|store| {
            let calls = store.calls();
            calls[from.min(calls.len())..to.min(calls.len())].to_vec()
        })
    }

    /// The call at a place, if the list is that long.
    pub(super) fn call_at(&self, index: usize) -> Option<CallId> {
        self.store.with(|store| store.calls().get(index).map(|call| call.id))
    }

    /// The place of a call in the list.
    pub(super) fn position(&self, call: CallId) -> Option<usize> {
        self.store.with(|store| store.position(call))
    }

    /// When the last listed call began.
    pub(super) fn last_start(&self) -> Option<Timestamp> {
        self.store.with(|store| store.calls().last().map(|call| call.started_at))
    }

    /// Whether there are older calls than those listed, also where the list is as long as it may be.
    pub(super) fn has_more(&self) -> bool {
        self.store.with(CallStore::has_more)
    }

    /// Whether the list is as long as it may be.
    pub(super) fn is_full(&self) -> bool {
        self.len() >= MAX_CALLS
    }

    /// The moment from which calls are kept, if earlier ones are asked for.
    pub(super) fn kept_since(&self) -> Option<Timestamp> {
        self.store.with(CallStore::kept_since)
    }

    pub(super) fn is_loading(&self) -> bool {
        self.older().is_some_and(|outcome| outcome.is_ok())
    }

    pub(super) fn error(&self) -> Option<ApiError> {
        self.older()?.err()
    }

    /// State of the calls after the last listed one: loading, failed, or not requested.
    fn older(&self) -> Option<Result<(), ApiError>> {
        let last = self.store.with(CallStore::last)?;
        self.older.get().filter(|(after, _)| *after == last).map(|(_, outcome)| outcome)
    }

    /// Loads the calls after the last listed one.
    pub(super) fn load_more(&self) {
        let (last, query) = self.store.with_untracked(|store| (store.last(), store.query().cloned()));
        let (Some(last), Some(query)) = (last, query) else { return };
        if untrack(|| self.is_loading() || !self.has_more() || self.is_full()) {
            return;
        }
        self.older.set(Some((last, Ok(()))));
        let list = *self;
        let before = CallQuery { before: Some(last), ..query.clone() };
        spawn_local(async move {
            let request = api::calls::List { organization: list.organization.slug(), query: before };
            let result = query_as(list.session, &request).await;
            // The page may have been left in the meantime.
            if list.store.is_disposed() {
                return;
            }
            match result {
                Ok(page) => list.store.update(|store| store.append_older(&query, last, page)),
                Err(error) => list.older.set(Some((last, Err(error)))),
            }
        });
    }

    /// Number of new calls that [`show_new`](Self::show_new) adds to the list, and whether there may be more.
    pub(super) fn new_calls(&self) -> Memo<(usize, bool)> {
        self.new_calls
    }

    /// Looks for new calls. An empty list shows them at once.
    pub(super) fn check_for_new(&self) {
        let query = self.query.get_untracked();
        if query.to.is_some_and(|to| to < now()) {
            return;
        }
        if self.store.with_untracked(|store| store.calls().is_empty()) {
            return self.progress.refresh();
        }
        let list = *self;
        spawn_local(async move {
            let request = api::calls::List { organization: list.organization.slug(), query: query.clone() };
            // After an error, the next live update tries again.
            if let Ok(page) = query_as(list.session, &request).await
                && !list.store.is_disposed()
            {
                list.store.update(|store| store.add_newest(&query, page));
            }
        });
    }

    /// Adds the new calls to the list, of which the top is seen. If there may be others between them and those listed,
    /// the list is loaded again.
    pub(super) fn show_new(&self) {
        if self.store.with_untracked(|store| store.waiting().1) {
            self.is_reloading.set_value(true);
            return self.progress.refresh();
        }
        self.store.update(|store| {
            store.show_waiting();
            store.truncate(MAX_FOLLOWED_CALLS);
        });
    }

    /// Number of lists so far: it changes when the list is replaced by another, not when it grows.
    pub(super) fn generation(&self) -> u32 {
        self.generation.get()
    }

    /// Remembers how many pixels of the list are above the window.
    pub(super) fn set_scrolled(&self, scrolled: f64) {
        self.scrolled.set_value(scrolled);
    }

    /// How many pixels of the list are to be above the window, until [`set_restored`](Self::set_restored).
    pub(super) fn restoring(&self) -> Option<f64> {
        self.restoring.get()
    }

    /// Ends the restoration of the list's place.
    pub(super) fn set_restored(&self) {
        // The page may have been left.
        let _ = self.restoring.try_set(None);
    }
}

/// Replaces a list, and remembers it if it is one of another query.
fn replace(store: RwSignal<CallStore>, scrolled: f64, next: CallStore) {
    let is_other = store.with_untracked(|store| store.query() != next.query());
    let before = store.try_update(|store| std::mem::replace(store, next));
    if let Some(store) = before.filter(|_| is_other) {
        places::save(Place { store, scrolled });
    }
}
