use domain::projects::Project;
use leptos::prelude::*;

use super::{
    organization_menu::{OrganizationEntry, initial, organization_entries},
    project_choice::ProjectChoice,
};
use crate::{
    addresses::Page,
    components::{Icon, IconView, Name, Sheet, SheetLink},
    lean::CollectAny,
    state::use_organization,
};

/// The organization, and on a second line the page's project: on phones, in place of their two menus. A press opens a
/// sheet of both.
#[component]
pub fn Switcher(page: Memo<Option<Page>>) -> impl IntoView {
    let open = RwSignal::new(false);
    let membership = use_organization().membership();
    let choice = ProjectChoice::new(page);
    let project = Memo::new(move |_| choice.is_offered().then(|| choice.name()));
    // Screen readers hear what each line is.
    let second_line = move || match project.get() {
        Some(project) => view! { <span class="visually-hidden">"Project: "</span> <Name name=project/> }.into_any(),
        None => membership.role.label().into_any(),
    };
    view! {
        <button
            type="button"
            class="crumb switcher"
            aria-haspopup="dialog"
            on:click=move |_| open.set(true)
        >
            <span class="monogram" aria-hidden="true" data-text=initial(&membership.name)></span>
            <span class="switcher-lines">
                <span><span class="visually-hidden">"Organization: "</span> <Name name=membership.name/></span>
                <small>{second_line}</small>
            </span>
            <IconView icon=Icon::ChevronDown/>
        </button>
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
