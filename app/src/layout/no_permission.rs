use domain::permissions::{Role, may};
use leptos::prelude::*;

use crate::{
    addresses::Page,
    components::{EmptyState, Icon, PageHead},
    state::use_organization,
};

/// Explains that the member's role doesn't include the page, and who can change the role.
#[component]
pub fn NoPermission(page: Page) -> impl IntoView {
    let membership = use_organization().membership();
    let allowed: Vec<_> = Role::ALL.into_iter().filter(|role| may(*role, page.permission())).map(Role::label).collect();
    view! {
        <PageHead title=page.label()/>
        <div class="card">
            <EmptyState icon=Icon::Revoke title="Your role doesn't include this page">
                <p>
                    "You are " <b>{membership.role.label()}</b> " in " <b>{membership.name}</b> ". "
                    {page.label()} " is for: " {allowed.join(", ")} ". An admin or owner can change your role."
                </p>
            </EmptyState>
        </div>
    }
}
