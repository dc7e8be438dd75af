use leptos::prelude::*;

use crate::{
    components::{Button, Dialog, Look, When},
    state::{Arrival, use_location},
};

/// A sign at the top of the window that code is on its way, where that takes longer than a moment.
#[component]
pub(super) fn OnItsWay(what: &'static str) -> impl IntoView {
    view! { <i class="arriving"><span class="visually-hidden">"Loading " {what}</span></i> }
}

/// Tells that a page is on its way while the one before stays, and what can be done where it doesn't come.
#[component]
pub fn Arriving() -> impl IntoView {
    let location = use_location();
    let missed = Signal::derive(move || location.arrival() == Arrival::Missed);
    let reload = || {
        let _ = window().location().reload();
    };
    view! {
        <div role="status">
            <When when=move || location.arrival() == Arrival::Awaited><OnItsWay what="the page"/></When>
        </div>
        <Dialog open=missed title="The page didn't load" on_close=move || location.stay()>
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
