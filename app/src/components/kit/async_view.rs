use domain::errors::ApiError;
use leptos::prelude::*;

use super::{Button, Icon, IconView, Notice, Tone};
use crate::state::{Answer, Progress};

/// Shows an answer: a skeleton before there is one, dimmed while a newer one comes, and why there is none.
///
/// The children are made once and given the data as a signal:
/// `<AsyncView answer skeleton=|| view! { <Skeleton lines=5/> } let:keys>…</AsyncView>`.
#[component]
pub fn AsyncView<T, V>(
    answer: Answer<T>,
    #[prop(into)] skeleton: ViewFn,
    children: impl Fn(ReadSignal<T>) -> V + Send + Sync + 'static,
) -> impl IntoView
where
    T: Send + Sync + 'static,
    V: IntoView + 'static,
{
    let data = move || answer.data().map(|data| children(data.read_only().into()).into_any());
    frame(answer.progress(), skeleton, Box::new(data))
}

/// The same for answers that a page puts together itself: shows its children once the first has come.
#[component]
pub fn Awaited(progress: Progress, #[prop(into)] skeleton: ViewFn, children: ChildrenFn) -> impl IntoView {
    frame(progress, skeleton, Box::new(move || progress.answered().then(|| children())))
}

/// What is the same for all answers, and so is compiled only once.
fn frame(progress: Progress, skeleton: ViewFn, data: Box<dyn Fn() -> Option<AnyView> + Send>) -> impl IntoView {
    // Data is made once: it isn't shown anew when an error comes.
    let content = move || {
        data().unwrap_or_else(|| match progress.error() {
            Some(error) => view! { <ErrorView error on_retry=move || progress.retry()/> }.into_any(),
            None => skeleton.run(),
        })
    };
    let outdated = move || {
        let error = if progress.answered() { progress.error() } else { None }?;
        Some(view! {
            <Notice tone=Tone::Warning>
                {error.to_string()} " What you see may be out of date. "
                <button type="button" class="link" on:click=move |_| progress.retry()>"Try again"</button>
            </Notice>
        })
    };
    view! {
        <div
            class="async"
            class:stale=move || progress.answered() && progress.waiting()
            aria-busy=move || progress.waiting().then_some("true")
        >
            {outdated}
            {content}
        </div>
    }
}

/// What went wrong, what to do about it, and another try.
#[component]
pub fn ErrorView(error: ApiError, #[prop(into)] on_retry: Callback<()>) -> impl IntoView {
    let (title, advice, again) = match &error {
        ApiError::Forbidden(_) => {
            ("You have no access to this", "An admin or owner of the organization can give it to you.", false)
        }
        ApiError::NotFound => ("Nothing is here", "It may have been removed, or the address is wrong.", false),
        ApiError::Unauthenticated => ("You are signed out", "Sign in again to see this.", true),
        ApiError::Offline => ("The server can't be reached", "Check the connection, then try again.", true),
        ApiError::RateLimited { .. } => ("That was too much at once", "Wait a moment, then try again.", true),
        ApiError::Internal { .. } => {
            ("Something went wrong on the server", "Try again; if it stays, tell your operator the reference.", true)
        }
        ApiError::Invalid(_) | ApiError::Conflict(_) => {
            ("This can't be shown", "Change the filters, then try again.", true)
        }
    };
    let detail = match &error {
        ApiError::Internal { reference } => Some(format!("Reference {reference}")),
        ApiError::Forbidden(message) | ApiError::Conflict(message) => Some(message.clone()),
        ApiError::Invalid(_) => Some(error.to_string()),
        _ => None,
    };
    view! {
        <div class="empty failed" role="alert">
            <span class="empty-icon"><IconView icon=Icon::Alert/></span>
            <h2>{title}</h2>
            <p>{advice}</p>
            {detail.map(|detail| view! { <p class="mono faint">{detail}</p> }.into_any())}
            {again.then(|| view! { <Button icon=Icon::Refresh on_press=on_retry>"Try again"</Button> })}
        </div>
    }
}
