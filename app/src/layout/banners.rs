use leptos::prelude::*;

use crate::{
    components::{Icon, IconView},
    state::use_connection,
};

/// Banners above every page.
#[component]
pub fn Banners() -> impl IntoView {
    let connection = use_connection();
    view! {
        <div role="status">
            {move || {
                (!connection.is_online())
                    .then(|| view! {
                        <p class="banner">
                            <IconView icon=Icon::Offline/>
                            "You are offline. What you see may be out of date; what you typed is kept."
                        </p>
                    }.into_any())
            }}
        </div>
    }
}
