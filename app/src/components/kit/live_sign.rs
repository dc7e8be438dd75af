use leptos::prelude::*;

use crate::state::{LiveStatus, use_live};

/// A button that shows whether the page follows new calls; pressing it pauses or resumes updates.
#[component]
pub fn LiveSign() -> impl IntoView {
    let live = use_live();
    let sign = move || match live.status() {
        LiveStatus::Connecting => ("connecting", "Connecting…", "New calls will appear by themselves"),
        LiveStatus::Connected => {
            ("connected", "Live", "New calls appear by themselves. Press to hold the page as it is.")
        }
        LiveStatus::Paused => ("paused", "Paused", "The page is held as it is. Press to go on."),
        LiveStatus::Offline => ("offline", "Offline", "The server can't be reached; trying again."),
    };
    view! {
        <button
            type="button"
            class=move || format!("live-sign {}", sign().0)
            aria-pressed=move || (live.status() == LiveStatus::Paused).to_string()
            title=move || sign().2
            on:click=move |_| live.toggle_pause()
        >
            <i aria-hidden="true"></i>
            <span class="live-text">
                // Reserves room for the longest text, so that neighbors don't move from under a finger.
                <span class="live-width" aria-hidden="true"></span>
                <span aria-live="polite">{move || sign().1}</span>
            </span>
        </button>
    }
}
