use leptos::prelude::*;

use crate::components::{ButtonLink, EmptyState, Icon, Look};

/// Nothing is at this address, or nothing that one may know of.
#[component]
pub fn NotFound() -> impl IntoView {
    document().set_title("Nothing is here · Tollhouse");
    view! {
        <EmptyState icon=Icon::Search title="No road leads here" whole=true>
            <p>"The address is mistyped, the page has moved, or it belongs to an organization you aren't a member of."</p>
            <ButtonLink href="/" look=Look::Primary>"Go to the overview"</ButtonLink>
        </EmptyState>
    }
}
