use leptos::prelude::*;

use super::icon::{Icon, IconView};
use crate::state::{LiveStatus, use_live};

/// A button that shows whether the page follows new calls; pressing it pauses or resumes updates.
#[component]
pub fn LiveSign() -> impl IntoView {
    let live = use_live();
    let sign = move || match live.status() {
        LiveStatus::Connecting => ("connecting", "Connecting…", "Connecting. New calls will appear automatically."),
        LiveStatus::Connected => ("connected", "Live", "Live. Click to pause."),
        LiveStatus::Paused => ("paused", "Paused", "Paused. Click to resume."),
        LiveStatus::Offline => ("offline", "Offline", "Offline. Reconnecting…"),
    };
    // There is nothing to pause or resume without a connection.
    let is_blocked = move || matches!(live.status(), LiveStatus::Connecting | LiveStatus::Offline);
    let icon = move || if live.status() == LiveStatus::Paused { Icon::Play } else { Icon::Pause };
    view! {
        <button
            type="button"
            class=move || format!("button live-sign {}", sign().0)
            aria-disabled=move || is_blocked().then_some("true")
            title=move || sign().2
            on:click=move |_| {
                if !is_blocked() {
                    live.toggle_pause();
                }
            }
        >
            <i aria-hidden="true"></i>
            <span aria-live="polite">{move || sign().1}</span>
            {move || view! { <IconView icon=icon()/> }}
        </button>
    }
}
