use leptos::prelude::*;

use crate::{
    addresses::Page,
    components::{EmptyState, Icon, Name, PageHead},
    state::use_organization,
};

/// Explains that the member's role doesn't include the page.
#[component]
pub fn NoPermission(page: Page) -> impl IntoView {
    let membership = use_organization().membership();
    view! {
        <PageHead title=page.label()/>
        <div class="card">
            <EmptyState icon=Icon::Revoke title=format!("You don't have access to {}", page.label())>
                <p>"Your role in " <b><Name name=membership.name/></b> " is " <b>{membership.role.label()}</b> "."</p>
            </EmptyState>
        </div>
    }
}

/// Explains that no project is assigned to the member, so that there is nothing on the page for them.
#[component]
pub fn NoProject(page: Page) -> impl IntoView {
    let membership = use_organization().membership();
    view! {
        <PageHead title=page.label()/>
        <div class="card">
            <EmptyState icon=Icon::Folder title="You aren't assigned to a project">
                <p>
                    "As " <b>{membership.role.label()}</b> " you see the keys, calls and usage of projects that are assigned
                    to you. Ask the administrator of " <b><Name name=membership.name/></b> " to assign one."
                </p>
            </EmptyState>
        </div>
    }
}
