use domain::{
    calls::{Call, CallPage, CallQuery},
    errors::ApiError,
    ids::CallId,
};
use leptos::{prelude::*, task::spawn_local};

use crate::{
    addresses::LogsAddress,
    api,
    state::{Answer, Organization, Session, ask, load, now, use_organization, use_session, watch},
};

/// The calls that are shown: the first page, what was loaded after it, and what came since.
#[derive(Clone, Copy)]
pub(super) struct CallList {
    organization: Organization,
    session: Session,
    query: Memo<CallQuery>,
    first: Answer<CallPage>,
    older: RwSignal<Older>,
    /// Came since and are shown on top.
    newer: RwSignal<Vec<Call>>,
    /// Came since and aren't shown yet.
    waiting: RwSignal<Option<CallPage>>,
    calls: Memo<Vec<Call>>,
}

/// What was loaded after the first page.
#[derive(Clone, Default)]
struct Older {
    calls: Vec<Call>,
    /// Whether there are still older ones; `None` where the first page tells.
    more: Option<bool>,
    loading: bool,
    error: Option<ApiError>,
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
        let first = load(move || api::calls::List { organization: organization.slug(), query: query.get() });
        let older = RwSignal::new(Older::default());
        let newer = RwSignal::new(Vec::new());
        let waiting = RwSignal::new(None);
        watch(move || {
            query.track();
            older.set(Older::default());
            newer.set(Vec::new());
            waiting.set(None);
        });
        let calls = Memo::new(move |_| {
            let mut calls = newer.get();
            first.with(|page| calls.extend(page.iter().flat_map(|page| page.calls.iter().cloned())));
            older.with(|older| calls.extend(older.calls.iter().cloned()));
            calls
        });
        Self { organization, session: use_session(), query, first, older, newer, waiting, calls }
    }

    pub(super) fn first(&self) -> Answer<CallPage> {
        self.first
    }

    /// All that are shown, the newest first.
    pub(super) fn calls(&self) -> Memo<Vec<Call>> {
        self.calls
    }

    /// Whether there are older ones than those shown.
    pub(super) fn more(&self) -> bool {
        self.older
            .with(|older| older.more)
            .unwrap_or_else(|| self.first.with(|page| page.is_some_and(|page| page.more)))
    }

    pub(super) fn loading(&self) -> bool {
        self.older.with(|older| older.loading)
    }

    pub(super) fn error(&self) -> Option<ApiError> {
        self.older.with(|older| older.error.clone())
    }

    /// Loads the calls after the last one that is shown.
    pub(super) fn load_more(&self) {
        let Some(last) = self.calls.with_untracked(|calls| calls.last().map(|call| call.id)) else { return };
        if self.older.with_untracked(|older| older.loading) || !untrack(|| self.more()) {
            return;
        }
        self.older.update(|older| {
            older.loading = true;
            older.error = None;
        });
        let list = *self;
        let query = self.query.get_untracked();
        let question = CallQuery { before: Some(last), ..query.clone() };
        spawn_local(async move {
            let told = ask(&api::calls::List { organization: list.organization.slug(), query: question }).await;
            // The answer to an older question, or for a page that is gone.
            if list.query.try_get_untracked() != Some(query) {
                return;
            }
            if let Err(error) = &told {
                list.session.notice(error);
            }
            list.older.update(|older| {
                older.loading = false;
                match told {
                    Ok(page) => {
                        older.calls.extend(page.calls);
                        older.more = Some(page.more);
                    }
                    Err(error) => older.error = Some(error),
                }
            });
        });
    }

    pub(super) fn news(&self) -> Option<News> {
        self.waiting.with(|waiting| {
            let page = waiting.as_ref()?;
            Some(News { count: page.calls.len(), more: page.more })
        })
    }

    /// Asks whether calls came since; where nothing is shown yet, shows them at once.
    pub(super) fn look_for_news(&self) {
        let query = self.query.get_untracked();
        if query.to.is_some_and(|to| to < now()) {
            return;
        }
        let Some(newest) = self.calls.with_untracked(|calls| calls.first().map(|call| call.id)) else {
            return self.first.refresh();
        };
        let list = *self;
        spawn_local(async move {
            let told = ask(&api::calls::List { organization: list.organization.slug(), query: query.clone() }).await;
            if list.query.try_get_untracked() != Some(query) {
                return;
            }
            match told {
                Ok(page) => list.waiting.set(since(page, newest)),
                Err(error) => list.session.notice(&error),
            }
        });
    }

    /// Shows what came since.
    pub(super) fn take_news(&self) {
        let Some(page) = self.waiting.get_untracked() else { return };
        self.waiting.set(None);
        if page.more {
            // There may be a gap between these and those shown: begin anew.
            self.older.set(Older::default());
            self.newer.set(Vec::new());
            self.first.retry();
        } else {
            self.newer.update(|newer| {
                newer.splice(0..0, page.calls);
            });
        }
    }
}

/// Those of `page` that came after `newest`; `more` where none on the page is older.
fn since(page: CallPage, newest: CallId) -> Option<CallPage> {
    let total = page.calls.len();
    let calls: Vec<Call> = page.calls.into_iter().filter(|call| call.id > newest).collect();
    let more = page.more && calls.len() == total;
    (!calls.is_empty()).then_some(CallPage { calls, more })
}
