use leptos::prelude::*;

use crate::{
    addresses::Page,
    components::{ButtonLink, ButtonStyle, EmptyState, Icon},
    state::CurrentOrganization,
};

/// The page at addresses that don't exist, and of organizations the user isn't a member of; within an organization
/// it is shown between its menus.
#[component]
pub fn NotFound() -> impl IntoView {
    document().set_title("Page not found · Tollhouse");
    let organization = use_context::<CurrentOrganization>();
    let home = organization.map_or_else(|| "/".to_owned(), |organization| Page::Overview.path(&organization.slug()));
    view! {
        <EmptyState icon=Icon::Search title="Page not found" full_page=true>
            <p>"Check the address. You may not have access to this organization."</p>
            <ButtonLink href=home style=ButtonStyle::Primary>"Go to Overview"</ButtonLink>
        </EmptyState>
    }
}
