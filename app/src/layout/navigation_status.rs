use leptos::prelude::*;

use crate::{
    components::{Button, ButtonStyle, Dialog},
    lean::When,
    state::{Navigation, use_location},
};

/// A sign at the top of the window that code is loading, shown if that takes longer than a moment.
#[component]
pub(super) fn LoadingSign(name: &'static str) -> impl IntoView {
    view! { <i class="loading-sign"><span class="visually-hidden">"Loading " {name}</span></i> }
}

/// Shows that a page is loading while the previous one stays, and offers a retry if it doesn't load.
#[component]
pub fn NavigationStatus() -> impl IntoView {
    let location = use_location();
    let failed = Signal::derive(move || location.navigation() == Navigation::Failed);
    let reload = || {
        let _ = window().location().reload();
    };
    view! {
        <div role="status">
            <When when=move || location.navigation() == Navigation::Loading><LoadingSign name="the page"/></When>
        </div>
        <Dialog open=failed title="The page didn't load" on_close=move || location.cancel_navigation()>
            <div class="dialog-body">
                <p>
                    "Either the server can't be reached, or it has been updated since you opened the dashboard. Try again; \
                     after an update, reload."
                </p>
                <p>"Close this to stay where you were: what you typed is still there. Reloading loses it."</p>
            </div>
            <footer>
                <Button on_press=reload>"Reload"</Button>
                <Button style=ButtonStyle::Primary on_press=move || location.retry()>"Try again"</Button>
            </footer>
        </Dialog>
    }
}
