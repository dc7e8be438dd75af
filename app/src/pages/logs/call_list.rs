use domain::{
    calls::{Call, CallQuery, KnownCalls},
    errors::ApiError,
    ids::CallId,
};
use leptos::{prelude::*, task::spawn_local};

use crate::{
    addresses::LogsAddress,
    api,
    state::{Organization, Progress, Session, ask_as, load_into, now, use_organization, use_session},
};

/// The calls that are shown: one [`KnownCalls`], and what is under way to make it longer.
#[derive(Clone, Copy)]
pub(super) struct CallList {
    organization: Organization,
    session: Session,
    /// What the address asks for; `known` follows with the answer.
    query: Memo<CallQuery>,
    known: RwSignal<KnownCalls>,
    progress: Progress,
    calls: Memo<Vec<Call>>,
    /// The call after which older ones were asked for last, and why they didn't come if so.
    older: RwSignal<Option<(CallId, Result<(), ApiError>)>>,
}

/// How many calls came since.
#[derive(Clone, Copy)]
pub(super) struct News {
    pub(super) count: usize,
    /// Whether there are more than that.
    pub(super) more: bool,
}

impl CallList {
    pub(super) fn new(address: Memo<LogsAddress>) -> Self {
        let organization = use_organization();
        // Which call is open doesn't change which are listed.
        let query = Memo::new(move |_| address.with(|address| address.calls(None)));
        let known = RwSignal::new(KnownCalls::default());
        // What was asked, to go with the answer: the address may have moved on when that comes.
        let asked = StoredValue::new(CallQuery::default());
        let progress = load_into(
            move || {
                asked.set_value(query.get());
                Some(api::calls::List { organization: organization.slug(), query: query.get() })
            },
            move |page| known.update(|known| known.begin(asked.get_value(), page)),
        );
        let calls = Memo::new(move |_| known.with(|known| known.calls().to_vec()));
        Self { organization, session: use_session(), query, known, progress, calls, older: RwSignal::new(None) }
    }

    /// How it stands with the first page.
    pub(super) fn progress(&self) -> Progress {
        self.progress
    }

    /// All that are shown, the newest first.
    pub(super) fn calls(&self) -> Memo<Vec<Call>> {
        self.calls
    }

    /// Whether there are older ones than those shown.
    pub(super) fn more(&self) -> bool {
        self.known.with(KnownCalls::has_more)
    }

    pub(super) fn loading(&self) -> bool {
        self.older().is_some_and(|outcome| outcome.is_ok())
    }

    pub(super) fn error(&self) -> Option<ApiError> {
        self.older()?.err()
    }

    /// How it stands with the calls after the last one that is shown: on their way, not to be had, or not asked for.
    fn older(&self) -> Option<Result<(), ApiError>> {
        let last = self.known.with(KnownCalls::last)?;
        self.older.get().filter(|(after, _)| *after == last).map(|(_, outcome)| outcome)
    }

    /// Loads the calls after the last one that is shown.
    pub(super) fn load_more(&self) {
        let (last, query) = self.known.with_untracked(|known| (known.last(), known.query().cloned()));
        let (Some(last), Some(query)) = (last, query) else { return };
        if untrack(|| self.loading() || !self.more()) {
            return;
        }
        self.older.set(Some((last, Ok(()))));
        let list = *self;
        let before = CallQuery { before: Some(last), ..query.clone() };
        spawn_local(async move {
            let question = api::calls::List { organization: list.organization.slug(), query: before };
            let answered = ask_as(list.session, &question).await;
            // For a page that is gone.
            if list.known.is_disposed() {
                return;
            }
            match answered {
                Ok(page) => list.known.update(|known| known.take_older(&query, last, page)),
                Err(error) => list.older.set(Some((last, Err(error)))),
            }
        });
    }

    pub(super) fn news(&self) -> Option<News> {
        self.known.with(|known| {
            let page = known.waiting()?;
            Some(News { count: page.calls.len(), more: page.more })
        })
    }

    /// Asks whether calls came since; where nothing is shown yet, shows them at once.
    pub(super) fn look_for_news(&self) {
        let query = self.query.get_untracked();
        if query.to.is_some_and(|to| to < now()) {
            return;
        }
        if self.calls.with_untracked(Vec::is_empty) {
            return self.progress.refresh();
        }
        let list = *self;
        spawn_local(async move {
            let question = api::calls::List { organization: list.organization.slug(), query: query.clone() };
            // Where they can't be had, the next news ask again.
            if let Ok(page) = ask_as(list.session, &question).await
                && !list.known.is_disposed()
            {
                list.known.update(|known| known.take_newest(&query, page));
            }
        });
    }

    /// Shows what came since.
    pub(super) fn take_news(&self) {
        if self.known.try_update(KnownCalls::show_waiting) == Some(false) {
            self.progress.retry();
        }
    }
}
