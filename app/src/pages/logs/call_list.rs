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
    new_calls: Memo<(usize, bool)>,
    /// The call after which older ones were last requested, and the error if that failed.
    older: RwSignal<Option<(CallId, Result<(), ApiError>)>>,
}

/// Number of calls that stay in a list that is followed at its top; older ones can be loaded again.
const MAX_FOLLOWED_CALLS: usize = 200;

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
        let new_calls = Memo::new(move |_| store.with(CallStore::waiting));
        let (session, older) = (use_session(), RwSignal::new(None));
        Self { organization, session, query, store, progress, calls, new_calls, older }
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

    /// Adds the new calls to the list, of which the top is seen. If there may be others between them and those listed,
    /// the list is loaded again.
    pub(super) fn show_new(&self) {
        if self.store.with_untracked(|store| store.waiting().1) {
            return self.progress.refresh();
        }
        self.store.update(|store| {
            store.show_waiting();
            store.truncate(MAX_FOLLOWED_CALLS);
        });
    }
}
