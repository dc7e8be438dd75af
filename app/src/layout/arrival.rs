use leptos::prelude::*;

use crate::{
    components::{Button, Dialog, Look},
    state::{Arrival, use_location, watch},
};

/// Tells that a page is on its way while the one before stays, and what can be done where it doesn't come.
#[component]
pub fn Arriving() -> impl IntoView {
    let location = use_location();
    let missed = RwSignal::new(false);
    watch(move || missed.set(location.arrival() == Arrival::Missed));
    let reload = || {
        let _ = window().location().reload();
    };
    view! {
        <div class="arriving" role="status">
            {move || {
                (location.arrival() == Arrival::Awaited)
                    .then(|| view! { <i><span class="visually-hidden">"Loading the page"</span></i> }.into_any())
            }}
        </div>
        <Dialog open=missed title="The page didn't load" on_close=move |()| location.stay()>
            <div class="dialog-body">
                <p>
                    "Either the server can't be reached, or it has been updated since you opened the dashboard. Try again; \
                     after an update, reload."
                </p>
                <p>"Close this to stay where you were: what you typed is still there. Reloading loses it."</p>
            </div>
            <footer>
                <Button on_press=reload>"Reload"</Button>
                <Button look=Look::Primary on_press=move || location.retry()>"Try again"</Button>
            </footer>
        </Dialog>
    }
}
