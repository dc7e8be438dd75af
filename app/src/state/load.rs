//! Queries to the server whose answers a page shows.

use std::rc::Rc;

use domain::errors::ApiError;
use leptos::{prelude::*, task::spawn_local};
use serde::de::DeserializeOwned;

use super::{
    Live, boot,
    connection::retry_while,
    json::Json,
    server_query::{RequestPurpose, ServerQuery, TakeResult, arguments, read},
    session::use_session,
    session_query::post_as,
};
use crate::lean::watch;

/// The latest answer to a query that may change. It stays until the next one has arrived.
pub struct QueryState<T: Send + Sync + 'static> {
    data: RwSignal<Option<ArcRwSignal<T>>>,
    progress: QueryProgress,
}

/// Progress of a query, independent of the type of its answer.
#[derive(Clone, Copy)]
pub struct QueryProgress {
    has_answer: RwSignal<bool>,
    error: RwSignal<Option<ApiError>>,
    is_waiting: RwSignal<bool>,
    repeat: RwSignal<Repeat>,
}

/// Number of repeats, and whether the last one was silent.
#[derive(Clone, Copy, Default)]
struct Repeat {
    count: u32,
    silent: bool,
}

impl QueryProgress {
    fn new() -> Self {
        Self {
            has_answer: RwSignal::new(false),
            error: RwSignal::new(None),
            is_waiting: RwSignal::new(false),
            repeat: RwSignal::new(Repeat::default()),
        }
    }

    /// Whether there is an answer, even an old one.
    pub fn has_answer(&self) -> bool {
        self.has_answer.get()
    }

    /// The error of the latest attempt, if it failed.
    pub fn error(&self) -> Option<ApiError> {
        self.error.get()
    }

    /// Whether an answer is awaited, silent refreshes aside.
    pub fn is_waiting(&self) -> bool {
        self.is_waiting.get()
    }

    /// Repeats the query and shows that it is running.
    pub fn retry(&self) {
        self.repeat(false);
    }

    /// Repeats the query without showing it, for data that changes on the server.
    pub fn refresh(&self) {
        self.repeat(true);
    }

    /// Whether the latest attempt failed for a reason that may pass by itself.
    fn has_failed_for_now(&self) -> bool {
        self.error.with(|error| matches!(error, Some(ApiError::Offline | ApiError::Internal { .. })))
    }

    fn repeat(&self, silent: bool) {
        self.repeat.update(|repeat| *repeat = Repeat { count: repeat.count + 1, silent });
    }

    fn set_succeeded(&self) {
        self.error.set(None);
        self.is_waiting.set(false);
        if !self.has_answer.get_untracked() {
            self.has_answer.set(true);
        }
    }
}

impl<T: Send + Sync + 'static> Clone for QueryState<T> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<T: Send + Sync + 'static> Copy for QueryState<T> {}

impl<T: Send + Sync + 'static> QueryState<T> {
    pub fn progress(&self) -> QueryProgress {
        self.progress
    }

    /// The answer, once there is one; the signal is updated with each newer answer.
    pub fn data(&self) -> Option<ArcRwSignal<T>> {
        self.data.get()
    }

    /// Passes the answer to `read`, or `None` before the first.
    pub fn with<O>(&self, read: impl FnOnce(Option<&T>) -> O) -> O {
        match self.data.get() {
            Some(data) => data.with(|value| read(Some(value))),
            None => read(None),
        }
    }

    /// Repeats the query and dims the answer meanwhile.
    pub fn retry(&self) {
        self.progress.retry();
    }

    /// Repeats the query without dimming the answer, for data that changes on the server.
    pub fn refresh(&self) {
        self.progress.refresh();
    }
}

/// Runs a query, and runs it again whenever it changes. The first answer may have come with the page.
///
/// A query is a server function's own type: `load(move || api_keys::List { organization: slug() })`.
pub fn load<Q: ServerQuery>(query: impl Fn() -> Q + Send + Sync + 'static) -> QueryState<Q::Output>
where
    Q::Output: Send + Sync,
{
    load_when(move || Some(query()))
}

/// Like [`load`], for a query that may be absent: then the last answer stays.
pub fn load_when<Q: ServerQuery>(query: impl Fn() -> Option<Q> + Send + Sync + 'static) -> QueryState<Q::Output>
where
    Q::Output: Send + Sync,
{
    load_part_when::<Q, Q::Output>(query)
}

/// Like [`load_when`], for a page that needs only some fields of the answer, which `T` has under their names: reading all of a
/// large type is code that every visit to the page would download.
pub fn load_part_when<Q: ServerQuery, T: DeserializeOwned + Send + Sync + 'static>(
    query: impl Fn() -> Option<Q> + Send + Sync + 'static,
) -> QueryState<T> {
    let data = RwSignal::new(None);
    let set_data = move |value| match data.get_untracked() {
        Some(signal) => ArcRwSignal::set(&signal, value),
        None => data.set(Some(ArcRwSignal::new(value))),
    };
    QueryState { data, progress: load_part_into::<Q, T>(query, set_data) }
}

/// Like [`load_when`], for answers that are merged with data the page already has: each is passed to `take`,
/// but only if it answers the latest query.
pub fn load_into<Q: ServerQuery>(
    query: impl Fn() -> Option<Q> + Send + Sync + 'static,
    take: impl Fn(Q::Output) + 'static,
) -> QueryProgress {
    load_part_into(query, take)
}

fn load_part_into<Q: ServerQuery, T: DeserializeOwned>(
    query: impl Fn() -> Option<Q> + Send + Sync + 'static,
    take: impl Fn(T) + 'static,
) -> QueryProgress {
    let progress = QueryProgress::new();
    let untyped = UntypedQuery {
        progress,
        path: Q::PATH,
        arguments: Box::new(move || query().as_ref().map(arguments)),
        take_answer: Rc::new(move |answer| {
            read(answer).map(|value| {
                take(value);
                progress.set_succeeded();
            })
        }),
    };
    untyped.run();
    progress
}

/// A query without its type, so that [`UntypedQuery::run`] is compiled only once.
struct UntypedQuery {
    progress: QueryProgress,
    path: &'static str,
    /// Arguments of the current query as JSON; `None` without a query.
    arguments: Box<dyn Fn() -> Option<String>>,
    /// Takes over an answer.
    take_answer: Rc<dyn Fn(Json) -> TakeResult>,
}

impl UntypedQuery {
    /// Sends the query now and after each change, repeat and renewal of the session.
    fn run(self) {
        let session = use_session();
        let live = use_context::<Live>();
        let progress = self.progress;
        retry_while(Box::new(move || Some(progress.has_failed_for_now())), Callback::new(move |()| progress.refresh()));
        let round = StoredValue::new(0_u32);
        watch(move || {
            let Self { progress: QueryProgress { error, is_waiting, repeat, .. }, path, .. } = self;
            let repeat = repeat.get();
            session.track_renewals();
            // Answers still on their way belong to an older query.
            round.update_value(|round| *round += 1);
            let this_round = round.get_value();
            let Some(arguments) = (self.arguments)() else { return };
            if let Some(answer) = boot::take(path, &arguments)
                && untrack(|| (self.take_answer)(answer)).is_ok()
            {
                return;
            }
            is_waiting.set(!repeat.silent);
            let take_answer = Rc::clone(&self.take_answer);
            spawn_local(async move {
                let result = post_as(session, RequestPurpose::Query, path, arguments).await;
                if let Some(live) = live.filter(|_| repeat.silent) {
                    live.menu_closed().await;
                }
                if round.try_get_value() != Some(this_round) {
                    return;
                }
                if let Err(reason) = result.and_then(&*take_answer) {
                    is_waiting.set(false);
                    error.set(Some(reason));
                }
            });
        });
    }
}
