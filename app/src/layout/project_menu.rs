use domain::{ids::ProjectId, projects::Project};
use leptos::prelude::*;

use crate::{
    addresses::{Page, Query},
    components::{Icon, IconView, Menu, MenuLabel, MenuLink},
    lean::CollectAny,
    state::{use_address, use_location, use_organization},
};

/// A menu that narrows the page to one project, on pages that have projects. The choice is in the address.
#[component]
pub fn ProjectMenu(page: Memo<Option<Page>>) -> impl IntoView {
    let organization = use_organization();
    let query = use_address(Query::parse);
    let path = use_location().path;
    let chosen = Memo::new(move |_| query.with(|query| query.get::<ProjectId>("project")));
    let name = move || {
        let chosen = chosen.get()?;
        organization
            .projects
            .with(|projects| projects?.iter().find(|project| project.id == chosen).map(|project| project.name.clone()))
    };
    let label = move || name().unwrap_or_else(|| "All projects".to_owned());
    let href = move |project: Option<ProjectId>| {
        Signal::derive(move || query.get().with("project", project).append_to(&path.get()))
    };
    let entry = move |project: Project| {
        let current = Signal::derive(move || chosen.get() == Some(project.id));
        view! {
            <MenuLink href=href(Some(project.id)) icon=Icon::Folder current>
                {project.name}
                {project.archived.then(|| view! { <small>"archived"</small> }.into_any())}
            </MenuLink>
        }
    };
    move || {
        page.get().is_some_and(Page::has_projects).then(|| {
            view! {
                <span class="crumb-divider" aria-hidden="true">"/"</span>
                <Menu
                    label=Signal::derive(move || format!("Project: {}", label()))
                    class="crumb"
                    trigger=move || view! {
                        <span class="crumb-name">{label}</span>
                        <IconView icon=Icon::ChevronDown/>
                    }
                >
                    <MenuLabel>"Show"</MenuLabel>
                    <MenuLink href=href(None) current=Signal::derive(move || chosen.get().is_none())>
                        "All projects"
                    </MenuLink>
                    {move || {
                        organization
                            .projects
                            .with(|projects| projects.cloned().unwrap_or_default())
                            .into_iter()
                            .map(entry)
                            .collect_any()
                    }}
                </Menu>
            }
        })
    }
}
