use domain::errors::{ApiError, FieldErrors};
use leptos::prelude::*;

use super::{
    badge::Tone,
    button::Button,
    icon::{Icon, IconView},
    notice::Notice,
};
use crate::{
    addresses::Query,
    state::{Location, QueryProgress, QueryState},
};

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
    let error_view = move |error: ApiError| view! { <ErrorView error on_retry=move || progress.retry()/> }.into_any();
    // Data of the query before isn't what this one asks for.
    let refusal = Memo::new(move |_| progress.error().filter(is_refusal));
    // The view of the data is built once, and isn't rebuilt when only a refresh fails.
    let content = move || match refusal.get() {
        Some(error) => error_view(error),
        None => data().unwrap_or_else(|| progress.error().map_or_else(|| skeleton.run(), error_view)),
    };
    let outdated = move || {
        let error = if progress.has_answer() { progress.error() } else { None }?;
        if is_refusal(&error) {
            return None;
        }
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

/// Whether the server has answered that there is nothing to show, and would answer so again.
fn is_refusal(error: &ApiError) -> bool {
    matches!(error, ApiError::Invalid(_) | ApiError::NotFound | ApiError::Forbidden(_))
}

/// An error, with advice and a button to try again.
#[component]
pub fn ErrorView(error: ApiError, #[prop(into)] on_retry: Callback<()>) -> impl IntoView {
    let (title, advice, can_retry) = match &error {
        ApiError::Forbidden(_) => ("You don't have access to this", "", false),
        ApiError::NotFound => ("Not found", "It may have been deleted, or you don't have access to it.", false),
        ApiError::Unauthenticated => ("You are signed out", "Sign in again to see this.", true),
        ApiError::Offline => {
            ("The server can't be reached", "Trying again automatically. Check your connection.", true)
        }
        ApiError::RateLimited { .. } => ("Too many requests", "Wait a moment, then try again.", true),
        ApiError::Internal { .. } => (
            "Something went wrong on the server",
            "If this keeps happening, give your administrator this reference.",
            true,
        ),
        ApiError::Invalid(_) => ("Invalid filter", "", false),
        ApiError::Conflict(_) => ("This has changed in the meantime", "", true),
    };
    let without = match &error {
        ApiError::Invalid(fields) => address_without(fields),
        _ => None,
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
            {(!advice.is_empty()).then(|| view! { <p>{advice}</p> }.into_any())}
            {detail.map(|detail| view! { <p class="mono faint">{detail}</p> }.into_any())}
            {can_retry.then(|| view! { <Button icon=Icon::Refresh on_press=on_retry>"Try again"</Button> })}
            {without.map(|href| view! { <a class="button" href=href>"Remove the filter"</a> }.into_any())}
        </div>
    }
}

/// The page's address without the values that the server rejects; `None` if they aren't in it.
fn address_without(fields: &FieldErrors) -> Option<String> {
    let location = use_context::<Location>()?;
    let query = location.search.with_untracked(|search| Query::parse(search));
    let rest = fields.iter().fold(query.clone(), |query, (field, _)| {
        // Names of queries that addresses abbreviate.
        let name = match field {
            "time_zone" => "tz",
            "search" => "q",
            name => name,
        };
        query.with(name, None::<&str>)
    });
    (rest != query).then(|| rest.append_to(&location.path.get_untracked()))
}
