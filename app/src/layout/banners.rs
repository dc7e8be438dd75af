use std::time::Duration;

use leptos::prelude::*;

use crate::{
    components::{Icon, IconView},
    lean::watch,
    state::{Connectivity, use_connection},
};

/// Time for which the server must be unreachable before the banner says so: a restart is over sooner.
const PATIENCE: Duration = Duration::from_secs(3);

/// Banners above every page.
#[component]
pub fn Banners() -> impl IntoView {
    let connection = use_connection();
    let is_unreachable = Memo::new(move |_| connection.state() == Connectivity::Unreachable);
    let is_for_long = RwSignal::new(false);
    watch(move || {
        is_for_long.set(false);
        if is_unreachable.get() {
            set_timeout(
                move || {
                    // Disposed of if the organization was left.
                    if is_unreachable.try_get_untracked() == Some(true) {
                        let _ = is_for_long.try_set(true);
                    }
                },
                PATIENCE,
            );
        }
    });
    let text = move || match connection.state() {
        Connectivity::Offline => Some("You're offline. What you see may be out of date. Unsaved text is safe."),
        Connectivity::Unreachable if is_for_long.get() => {
            Some("The server can't be reached. What you see may be out of date; trying again…")
        }
        Connectivity::Unreachable | Connectivity::Online => None,
    };
    view! {
        <div role="status">
            {move || text().map(|text| view! { <p class="banner"><IconView icon=Icon::Offline/> {text}</p> }.into_any())}
        </div>
    }
}
