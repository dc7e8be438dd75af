//! Questions to the server whose answers a page shows.

use std::rc::Rc;

use domain::errors::ApiError;
use leptos::{prelude::*, task::spawn_local};

use super::{
    boot,
    json::Json,
    server_query::{Purpose, Question, Taken, arguments, post_as, read},
    use_session, watch,
};

/// The latest answer to a question that may change. The one before stays until the next has come.
pub struct Answer<T: Send + Sync + 'static> {
    data: RwSignal<Option<ArcRwSignal<T>>>,
    progress: Progress,
}

/// How it stands with a question, whatever its answer is.
#[derive(Clone, Copy)]
pub struct Progress {
    answered: RwSignal<bool>,
    error: RwSignal<Option<ApiError>>,
    waiting: RwSignal<bool>,
    repeat: RwSignal<Repeat>,
}

/// How often it was asked again, and whether the last time was without a sign of it.
#[derive(Clone, Copy, Default)]
struct Repeat {
    count: u32,
    silently: bool,
}

impl Progress {
    fn new() -> Self {
        Self {
            answered: RwSignal::new(false),
            error: RwSignal::new(None),
            waiting: RwSignal::new(false),
            repeat: RwSignal::new(Repeat::default()),
        }
    }

    /// Whether there is an answer, be it an old one.
    pub fn answered(&self) -> bool {
        self.answered.get()
    }

    /// Why there is no newer answer.
    pub fn error(&self) -> Option<ApiError> {
        self.error.get()
    }

    /// Whether one is on its way that somebody asked for.
    pub fn waiting(&self) -> bool {
        self.waiting.get()
    }

    /// Asks again, and shows that it does.
    pub fn retry(&self) {
        self.ask_again(false);
    }

    /// Asks again without a sign of it: for what changes by itself.
    pub fn refresh(&self) {
        self.ask_again(true);
    }

    fn ask_again(&self, silently: bool) {
        self.repeat.update(|repeat| *repeat = Repeat { count: repeat.count + 1, silently });
    }

    fn end_well(&self) {
        self.error.set(None);
        self.waiting.set(false);
        if !self.answered.get_untracked() {
            self.answered.set(true);
        }
    }
}

impl<T: Send + Sync + 'static> Clone for Answer<T> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<T: Send + Sync + 'static> Copy for Answer<T> {}

impl<T: Send + Sync + 'static> Answer<T> {
    pub fn progress(&self) -> Progress {
        self.progress
    }

    /// The answer, once there is one; what it holds changes when a newer one comes.
    pub fn data(&self) -> Option<ArcRwSignal<T>> {
        self.data.get()
    }

    /// Looks at the answer, or the lack of one.
    pub fn with<O>(&self, look: impl FnOnce(Option<&T>) -> O) -> O {
        match self.data.get() {
            Some(data) => data.with(|value| look(Some(value))),
            None => look(None),
        }
    }

    /// Asks again, and shows that it does.
    pub fn retry(&self) {
        self.progress.retry();
    }

    /// Asks again without dimming what is shown: for what changes by itself.
    pub fn refresh(&self) {
        self.progress.refresh();
    }
}

/// Asks the server, and asks again whenever the question changes. The first answer may have come with the page.
///
/// A question is a server function's own type: `load(move || api_keys::List { organization: slug() })`.
pub fn load<Q: Question>(question: impl Fn() -> Q + Send + Sync + 'static) -> Answer<Q::Output>
where
    Q::Output: Send + Sync,
{
    load_when(move || Some(question()))
}

/// The same for a question that isn't always there. Without one the last answer stays.
pub fn load_when<Q: Question>(question: impl Fn() -> Option<Q> + Send + Sync + 'static) -> Answer<Q::Output>
where
    Q::Output: Send + Sync,
{
    let data = RwSignal::new(None);
    let fill = move |value| match data.get_untracked() {
        Some(held) => ArcRwSignal::set(&held, value),
        None => data.set(Some(ArcRwSignal::new(value))),
    };
    Answer { data, progress: load_into(question, fill) }
}

/// The same for answers that are put together with what is known already: each goes to `take`. Only the answer to the
/// latest question gets there, in whatever order answers come.
pub fn load_into<Q: Question>(
    question: impl Fn() -> Option<Q> + Send + Sync + 'static,
    take: impl Fn(Q::Output) + 'static,
) -> Progress {
    let progress = Progress::new();
    let asking = Asking {
        progress,
        path: Q::PATH,
        arguments: Box::new(move || question().as_ref().map(arguments)),
        fill: Rc::new(move |answer| {
            read(answer).map(|value| {
                take(value);
                progress.end_well();
            })
        }),
    };
    asking.keep_on();
    progress
}

/// A question whatever its type.
struct Asking {
    progress: Progress,
    path: &'static str,
    /// What is asked at the moment, if anything, as JSON.
    arguments: Box<dyn Fn() -> Option<String>>,
    /// Takes an answer over.
    fill: Rc<dyn Fn(Json) -> Taken>,
}

impl Asking {
    fn keep_on(self) {
        let session = use_session();
        let round = StoredValue::new(0_u32);
        watch(move || {
            let Self { progress: Progress { error, waiting, repeat, .. }, path, .. } = self;
            let repeat = repeat.get();
            session.ask_again_after_renewal();
            // Whatever is on its way answers an older question.
            round.update_value(|round| *round += 1);
            let mine = round.get_value();
            let Some(arguments) = (self.arguments)() else { return };
            if let Some(answer) = boot::take(path, &arguments)
                && untrack(|| (self.fill)(answer)).is_ok()
            {
                return;
            }
            waiting.set(!repeat.silently);
            let fill = Rc::clone(&self.fill);
            spawn_local(async move {
                let answered = post_as(session, Purpose::Question, path, arguments).await;
                if round.try_get_value() != Some(mine) {
                    return;
                }
                if let Err(reason) = answered.and_then(&*fill) {
                    waiting.set(false);
                    error.set(Some(reason));
                }
            });
        });
    }
}
