use domain::errors::ApiError;
use leptos::{prelude::*, task::spawn_local};

use super::navigation_status::OnItsWay;
use crate::{
    addresses::Part,
    components::{ErrorView, use_toasts},
    parts::{NotLoaded, View},
    state::watch,
};

/// Shows a part of the dashboard from when it is first wanted.
#[component]
pub fn Later(
    part: Part,
    #[prop(into)] wanted: Signal<bool>,
    /// What is done where its code can't be had, which is told in passing. Without it, the error takes the part's place.
    #[prop(optional, into)]
    on_missed: Option<Callback<()>>,
) -> impl IntoView {
    let toasts = use_toasts();
    let view = RwSignal::new(None::<View>);
    let missed = RwSignal::new(false);
    watch(move || {
        if !wanted.get() || missed.get() || view.with_untracked(Option::is_some) {
            return;
        }
        spawn_local(async move {
            match part.load().await {
                // Whoever wanted it has left in the meantime.
                _ if view.is_disposed() => {}
                Ok(loaded) => view.set(Some(loaded)),
                Err(NotLoaded) => match on_missed {
                    Some(on_missed) => {
                        toasts.failed(&ApiError::Offline);
                        on_missed.run(());
                    }
                    None => missed.set(true),
                },
            }
        });
    });
    move || match view.get() {
        Some(view) => view(),
        None if missed.get() => {
            view! { <ErrorView error=ApiError::Offline on_retry=move || missed.set(false)/> }.into_any()
        }
        // It was asked for, and opens as soon as it has come.
        None if wanted.get() => view! { <OnItsWay what="what was asked for"/> }.into_any(),
        None => ().into_any(),
    }
}
