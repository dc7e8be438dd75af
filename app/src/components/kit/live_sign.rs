use leptos::prelude::*;

use crate::state::{LiveStatus, use_live};

/// Whether what is shown follows the calls as they come; pressing it holds everything as it is, or lets it go on.
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
                // Keeps room for the longest text, so that what stands beside it isn't moved from under somebody's finger.
                <span class="live-room" aria-hidden="true"></span>
                <span aria-live="polite">{move || sign().1}</span>
            </span>
        </button>
    }
}
