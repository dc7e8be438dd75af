use leptos::prelude::*;

use crate::{
    components::{Button, ButtonStyle, Dialog},
    lean::When,
    state::{Navigation, retry_while, use_location},
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
    let failed = Signal::derive(move || location.navigation().has_failed());
    let result = move || match location.navigation() {
        Navigation::Failed => Some(true),
        Navigation::Done => Some(false),
        Navigation::Loading | Navigation::Retrying => None,
    };
    retry_while(Box::new(result), Callback::new(move |()| location.retry()));
    let reload = || {
        let _ = window().location().reload();
    };
    view! {
        <div role="status">
            <When when=move || matches!(location.navigation(), Navigation::Loading | Navigation::Retrying)>
                <LoadingSign name="the page"/>
            </When>
        </div>
        <Dialog open=failed title="The page didn't load" on_close=move || location.cancel_navigation()>
            <div class="dialog-body">
                <p>
                    "Either the server can't be reached, or it has been updated since you opened the dashboard. The page \
                     opens as soon as it can be loaded; after an update, reload."
                </p>
                <p>"Your unsaved text is safe if you close this. Reloading discards it."</p>
            </div>
            <footer>
                <Button on_press=reload>"Reload"</Button>
                <Button style=ButtonStyle::Primary on_press=move || location.retry()>"Try again"</Button>
            </footer>
        </Dialog>
    }
}
