use domain::errors::ApiError;
use leptos::{prelude::*, task::spawn_local};

use super::navigation_status::LoadingSign;
use crate::{
    addresses::CodePart,
    code_parts::{NotLoaded, PartView},
    components::{ErrorView, use_toasts},
    lean::watch,
    state::retry_while,
};

/// Shows a part of the dashboard once it is first `wanted` and its code has been loaded.
#[component]
pub fn LazyPart(
    part: CodePart,
    #[prop(into)] wanted: Signal<bool>,
    /// Called, after a toast with the error, if the code can't be loaded. Without it, the error takes the
    /// part's place.
    #[prop(optional, into)]
    on_failed: Option<Callback<()>>,
) -> impl IntoView {
    let toasts = use_toasts();
    let view = RwSignal::new(None::<PartView>);
    let failed = RwSignal::new(false);
    watch(move || {
        if !wanted.get() || failed.get() || view.with_untracked(Option::is_some) {
            return;
        }
        spawn_local(async move {
            match part.load().await {
                // The user has left the page in the meantime.
                _ if view.is_disposed() => {}
                Ok(loaded) => view.set(Some(loaded)),
                Err(NotLoaded) => match on_failed {
                    Some(on_failed) => {
                        toasts.show_error(&ApiError::Offline);
                        on_failed.run(());
                    }
                    None => failed.set(true),
                },
            }
        });
    });
    let result = move || match (failed.get(), view.with(Option::is_some)) {
        (true, _) => Some(true),
        (false, true) => Some(false),
        (false, false) => None,
    };
    retry_while(Box::new(result), Callback::new(move |()| failed.set(false)));
    move || match view.get() {
        Some(view) => view(),
        None if failed.get() => {
            view! { <ErrorView error=ApiError::Offline on_retry=move || failed.set(false)/> }.into_any()
        }
        // The part opens as soon as it has been loaded.
        None if wanted.get() => view! { <LoadingSign name="what was asked for"/> }.into_any(),
        None => ().into_any(),
    }
}
