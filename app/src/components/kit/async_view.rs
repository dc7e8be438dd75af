use domain::errors::ApiError;
use leptos::prelude::*;

use super::{
    badge::Tone,
    button::Button,
    icon::{Icon, IconView},
    notice::Notice,
};
use crate::state::{QueryProgress, QueryState};

/// Shows a query's state: a skeleton before the first answer, the data, dimmed while reloading, or the error.
///
/// The children are built once and get the data as a signal:
/// `<AsyncView answer skeleton=|| view! { <Skeleton lines=5/> } let:keys>…</AsyncView>`.
#[component]
pub fn AsyncView<T, V>(
    answer: QueryState<T>,
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

/// [`AsyncView`] for a page that combines answers itself: shows its children once it has answers.
#[component]
pub fn Awaited(progress: QueryProgress, #[prop(into)] skeleton: ViewFn, children: ChildrenFn) -> impl IntoView {
    frame(progress, skeleton, Box::new(move || progress.has_answer().then(|| children())))
}

/// The part of [`AsyncView`] that is independent of the data's type, and so is compiled only once.
fn frame(progress: QueryProgress, skeleton: ViewFn, data: Box<dyn Fn() -> Option<AnyView> + Send>) -> impl IntoView {
    // The view of the data is built once, and isn't rebuilt on an error.
    let content = move || {
        data().unwrap_or_else(|| match progress.error() {
            Some(error) => view! { <ErrorView error on_retry=move || progress.retry()/> }.into_any(),
            None => skeleton.run(),
        })
    };
    let outdated = move || {
        let error = if progress.has_answer() { progress.error() } else { None }?;
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
            class:stale=move || progress.has_answer() && progress.is_waiting()
            aria-busy=move || progress.is_waiting().then_some("true")
        >
            {outdated}
            {content}
        </div>
    }
}

/// An error, with advice and a button to try again.
#[component]
pub fn ErrorView(error: ApiError, #[prop(into)] on_retry: Callback<()>) -> impl IntoView {
    let (title, advice, can_retry) = match &error {
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
            {can_retry.then(|| view! { <Button icon=Icon::Refresh on_press=on_retry>"Try again"</Button> })}
        </div>
    }
}
