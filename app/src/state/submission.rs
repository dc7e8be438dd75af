//! Submissions: requests that change something on the server.

use domain::errors::{ApiError, FieldErrors};
use leptos::{prelude::*, task::spawn_local};

use super::{
    json::Json,
    server_query::{RequestPurpose, ServerQuery, TakeResult, arguments, read},
    session::{CurrentSession, use_session},
    session_query::post_as,
};

/// A change that is sent to the server, at most one at a time, however often its button is pressed.
pub struct Submission<I: 'static> {
    pending: RwSignal<bool>,
    error: RwSignal<Option<ApiError>>,
    send: Callback<I>,
}

impl<I: 'static> Clone for Submission<I> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<I: 'static> Copy for Submission<I> {}

impl<I: 'static> Submission<I> {
    /// Sends the change, unless the last one is still pending.
    pub fn send(&self, input: I) {
        if !self.pending.get_untracked() {
            self.error.set(None);
            self.send.run(input);
        }
    }

    /// Sends a valid input, or shows the errors of an invalid one.
    pub fn send_validated(&self, input: Result<I, FieldErrors>) {
        match input {
            Ok(input) => self.send(input),
            Err(errors) => self.error.set(Some(errors.into())),
        }
    }

    /// Whether a change is on its way.
    pub fn pending(&self) -> Signal<bool> {
        self.pending.into()
    }

    /// The error of the last attempt.
    pub fn error(&self) -> Signal<Option<ApiError>> {
        self.error.into()
    }

    /// The error of one field.
    pub fn field(&self, name: &'static str) -> Signal<Option<String>> {
        let error = self.error;
        Signal::derive(move || error.with(|error| error.as_ref()?.field(name).map(str::to_owned)))
    }

    /// Clears the error.
    pub fn clear(&self) {
        self.error.set(None);
    }
}

/// Makes a submission. `request` builds a request from the input; `on_done` takes the input and the answer.
pub fn submission<I: 'static, Q: ServerQuery>(
    request: impl Fn(&I) -> Q + Send + Sync + 'static,
    on_done: impl Fn(I, Q::Output) + Clone + Send + Sync + 'static,
) -> Submission<I> {
    let session = use_session();
    let pending = RwSignal::new(false);
    let error = RwSignal::new(None);
    let send = Callback::new(move |input| {
        let arguments = arguments(&request(&input));
        let on_done = on_done.clone();
        let finish = move |answer: Json| read(answer).map(|output| on_done(input, output));
        send_untyped(UntypedSubmission { session, pending, error, path: Q::PATH, arguments, finish: Box::new(finish) });
    });
    Submission { pending, error, send }
}

/// A submission without its type, so that [`send_untyped`] is compiled only once.
struct UntypedSubmission {
    session: CurrentSession,
    pending: RwSignal<bool>,
    error: RwSignal<Option<ApiError>>,
    path: &'static str,
    arguments: String,
    /// Runs with the answer once the change is made.
    finish: Box<dyn FnOnce(Json) -> TakeResult>,
}

fn send_untyped(untyped: UntypedSubmission) {
    let UntypedSubmission { session, pending, error, path, arguments, finish } = untyped;
    pending.set(true);
    spawn_local(async move {
        let result = post_as(session, RequestPurpose::Mutation, path, arguments).await;
        // The page may have been left in the meantime.
        if pending.try_set(false).is_some() {
            return;
        }
        if let Err(reason) = result.and_then(finish) {
            // An ended session is shown once for the page, not by each form.
            if reason != ApiError::Unauthenticated || !untrack(|| session.has_ended()) {
                error.set(Some(reason));
            }
        }
    });
}
