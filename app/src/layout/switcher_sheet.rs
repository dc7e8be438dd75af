use domain::projects::Project;
use leptos::prelude::*;

use super::{
    organization_menu::{OrganizationEntry, organization_entries},
    overlays::Overlays,
    project_choice::ProjectChoice,
};
use crate::{
    addresses::Page,
    components::{Icon, Name, Sheet, SheetLink},
    lean::CollectAny,
};

/// Organizations and the projects of the page, which the switcher opens.
#[component]
pub(super) fn SwitcherSheet() -> impl IntoView {
    let Overlays { page, switcher: open, .. } = expect_context();
    let choice = ProjectChoice::new(page);
    view! {
        <Sheet open title="Switch to">
            <Organizations page/>
            {move || choice.is_offered().then(|| view! { <Projects choice/> }.into_any())}
        </Sheet>
    }
}

#[component]
fn Organizations(page: Memo<Option<Page>>) -> impl IntoView {
    let entry = |OrganizationEntry { name, role, href, current }: OrganizationEntry| {
        view! { <SheetLink href current><Name name/> <small>{role}</small></SheetLink> }
    };
    view! {
        <nav aria-label="Organizations">
            <h3>"Organizations"</h3>
            {organization_entries(page).into_iter().map(entry).collect_any()}
        </nav>
    }
}

#[component]
fn Projects(choice: ProjectChoice) -> impl IntoView {
    let entry = move |Project { id, name, archived, .. }: Project| {
        view! {
            <SheetLink href=choice.href(Some(id)) icon=Icon::Folder current=choice.is_current(Some(id))>
                <Name name/>
                {archived.then(|| view! { <small>"archived"</small> }.into_any())}
            </SheetLink>
        }
    };
    view! {
        <nav aria-label="Projects">
            <h3>"Project of this page"</h3>
            <SheetLink href=choice.href(None) current=choice.is_current(None)>"All projects"</SheetLink>
            {move || choice.projects().into_iter().map(entry).collect_any()}
        </nav>
    }
}
