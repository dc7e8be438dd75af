use domain::{ids::ProjectId, projects::Project};
use leptos::prelude::*;

use crate::{
    addresses::{Address, Page, Query},
    components::{Icon, IconView, Menu, MenuLabel, MenuLink},
    lean::CollectAny,
    state::{use_address, use_location, use_organization, use_project},
};

/// Values of an address that make no sense for another project: a page's number, and an open call.
const OF_THE_PROJECT: [&str; 2] = ["page", "call"];

/// A menu that narrows pages to one project. It is shown where the page can be narrowed; links keep the choice.
#[component]
pub fn ProjectMenu(page: Memo<Option<Page>>) -> impl IntoView {
    let organization = use_organization();
    let query = use_address(Query::parse);
    let path = use_location().path;
    let chosen = use_project();
    // A key's page is that of one key, whatever its project.
    let can_be_narrowed = Memo::new(move |_| {
        page.get().is_some_and(Page::has_projects)
            && !path.with(|path| matches!(Address::parse(path), Some(Address::ApiKey(..))))
    });
    let name = move || {
        let chosen = chosen.get()?;
        organization
            .projects
            .with(|projects| projects?.iter().find(|project| project.id == chosen).map(|project| project.name.clone()))
    };
    let label = move || match (name(), chosen.get()) {
        (Some(name), _) => name,
        (None, Some(_)) => "Unknown project".to_owned(),
        (None, None) => "All projects".to_owned(),
    };
    let href = move |project: Option<ProjectId>| {
        Signal::derive(move || {
            let query = OF_THE_PROJECT.iter().fold(query.get(), |query, name| query.with(name, None::<&str>));
            query.with("project", project).append_to(&path.get())
        })
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
        can_be_narrowed.get().then(|| {
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
