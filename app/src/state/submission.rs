//! What somebody does that changes something on the server.

use domain::errors::{ApiError, FieldErrors};
use leptos::{prelude::*, task::spawn_local};

use super::{
    Session,
    json::Json,
    server_query::{Purpose, Question, Taken, arguments, post_as, read},
    use_session,
};

/// Something that is sent once at a time, however often its button is pressed.
pub struct Act<I: 'static> {
    pending: RwSignal<bool>,
    error: RwSignal<Option<ApiError>>,
    send: Callback<I>,
}

impl<I: 'static> Clone for Act<I> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<I: 'static> Copy for Act<I> {}

impl<I: 'static> Act<I> {
    /// Sends it, unless the last one is still on its way.
    pub fn send(&self, input: I) {
        if !self.pending.get_untracked() {
            self.error.set(None);
            self.send.run(input);
        }
    }

    /// Sends what was found right, or shows what wasn't.
    pub fn send_validated(&self, input: Result<I, FieldErrors>) {
        match input {
            Ok(input) => self.send(input),
            Err(errors) => self.error.set(Some(errors.into())),
        }
    }

    /// Whether it is on its way.
    pub fn pending(&self) -> Signal<bool> {
        self.pending.into()
    }

    /// Why it wasn't done.
    pub fn error(&self) -> Signal<Option<ApiError>> {
        self.error.into()
    }

    /// What is wrong with one field.
    pub fn field(&self, name: &'static str) -> Signal<Option<String>> {
        let error = self.error;
        Signal::derive(move || error.with(|error| error.as_ref()?.field(name).map(str::to_owned)))
    }

    /// Forgets what went wrong.
    pub fn clear(&self) {
        self.error.set(None);
    }
}

/// Makes an act of the question that is to be asked, and of what happens with the input and the answer once it is done.
pub fn act<I: 'static, Q: Question>(
    question: impl Fn(&I) -> Q + Send + Sync + 'static,
    done: impl Fn(I, Q::Output) + Clone + Send + Sync + 'static,
) -> Act<I> {
    let session = use_session();
    let pending = RwSignal::new(false);
    let error = RwSignal::new(None);
    let send = Callback::new(move |input| {
        let arguments = arguments(&question(&input));
        let done = done.clone();
        let finish = move |answer: Json| read(answer).map(|output| done(input, output));
        carry_out(Sending { session, pending, error, path: Q::PATH, arguments, finish: Box::new(finish) });
    });
    Act { pending, error, send }
}

/// An act whatever its type.
struct Sending {
    session: Session,
    pending: RwSignal<bool>,
    error: RwSignal<Option<ApiError>>,
    path: &'static str,
    arguments: String,
    /// What happens once it is done, given the answer.
    finish: Box<dyn FnOnce(Json) -> Taken>,
}

fn carry_out(sending: Sending) {
    let Sending { session, pending, error, path, arguments, finish } = sending;
    pending.set(true);
    spawn_local(async move {
        let told = post_as(session, Purpose::Change, path, arguments).await;
        // Whoever asked may have left the page in the meantime.
        if pending.try_set(false).is_some() {
            return;
        }
        if let Err(reason) = told.and_then(finish) {
            // That the session is over is told above the page, for all that is on it.
            if reason != ApiError::Unauthenticated || !untrack(|| session.ended()) {
                error.set(Some(reason));
            }
        }
    });
}
