use domain::{
    calls::{Call, CallQuery, CallStore},
    errors::ApiError,
    ids::CallId,
    time::Timestamp,
};
use leptos::{prelude::*, task::spawn_local};

use crate::{
    addresses::LogsAddress,
    api,
    state::{
        CurrentOrganization, CurrentSession, QueryProgress, load_into, now, query_as, use_organization, use_session,
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
    calls: Memo<Vec<Call>>,
    /// The call after which older ones were last requested, and the error if that failed.
    older: RwSignal<Option<(CallId, Result<(), ApiError>)>>,
}

/// Number of new calls that aren't listed yet.
#[derive(Clone, Copy)]
pub(super) struct NewCallCount {
    pub(super) count: usize,
    /// Whether there are more than `count`.
    pub(super) more: bool,
}

impl CallList {
    pub(super) fn new(address: Memo<LogsAddress>) -> Self {
        let organization = use_organization();
        // The open call doesn't change the list.
        let query = Memo::new(move |_| address.with(|address| address.calls(None)));
        let store = RwSignal::new(CallStore::default());
        // The query that belongs to the answer; the address may have changed when that arrives.
        let requested = StoredValue::new(CallQuery::default());
        let progress = load_into(
            move || {
                requested.set_value(query.get());
                Some(api::calls::List { organization: organization.slug(), query: query.get() })
            },
            move |page| store.update(|store| store.reset(requested.get_value(), page)),
        );
        let calls = Memo::new(move |_| store.with(|store| store.calls().to_vec()));
        Self { organization, session: use_session(), query, store, progress, calls, older: RwSignal::new(None) }
    }

    /// Progress of loading the first page.
    pub(super) fn progress(&self) -> QueryProgress {
        self.progress
    }

    /// All listed calls, newest first.
    pub(super) fn calls(&self) -> Memo<Vec<Call>> {
        self.calls
    }

    /// Whether there are older calls than those listed.
    pub(super) fn has_more(&self) -> bool {
        self.store.with(CallStore::has_more)
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
        if untrack(|| self.is_loading() || !self.has_more()) {
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

    /// The new calls that [`show_new`](Self::show_new) adds to the list, if any.
    pub(super) fn new_calls(&self) -> Option<NewCallCount> {
        self.store.with(|store| {
            let page = store.waiting()?;
            Some(NewCallCount { count: page.calls.len(), more: page.more })
        })
    }

    /// Looks for new calls. An empty list shows them at once.
    pub(super) fn check_for_new(&self) {
        let query = self.query.get_untracked();
        if query.to.is_some_and(|to| to < now()) {
            return;
        }
        if self.calls.with_untracked(Vec::is_empty) {
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

    /// Adds the new calls to the list.
    pub(super) fn show_new(&self) {
        if self.store.try_update(CallStore::show_waiting) == Some(false) {
            self.progress.retry();
        }
    }
}
