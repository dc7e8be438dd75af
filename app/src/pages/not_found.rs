use leptos::prelude::*;

use crate::components::{ButtonLink, ButtonStyle, EmptyState, Icon};

/// The page at addresses that lead nowhere, or to organizations the user isn't a member of.
#[component]
pub fn NotFound() -> impl IntoView {
    document().set_title("Nothing is here · Tollhouse");
    view! {
        <EmptyState icon=Icon::Search title="No road leads here" full_page=true>
            <p>"The address is mistyped, the page has moved, or it belongs to an organization you aren't a member of."</p>
            <ButtonLink href="/" style=ButtonStyle::Primary>"Go to the overview"</ButtonLink>
        </EmptyState>
    }
}
