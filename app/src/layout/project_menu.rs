use domain::projects::Project;
use leptos::prelude::*;

use super::project_choice::ProjectChoice;
use crate::{
    addresses::Page,
    components::{Icon, IconView, Menu, MenuLabel, MenuLink, Name},
    lean::CollectAny,
};

/// A menu that narrows pages to one project. It is shown where the page can be narrowed; links keep the choice.
#[component]
pub fn ProjectMenu(page: Memo<Option<Page>>) -> impl IntoView {
    let choice = ProjectChoice::new(page);
    let is_offered = Memo::new(move |_| choice.is_offered());
    let entry = move |Project { id, name, archived, .. }: Project| {
        view! {
            <MenuLink href=choice.href(Some(id)) icon=Icon::Folder current=choice.is_current(Some(id))>
                <Name name/>
                {archived.then(|| view! { <small>"archived"</small> }.into_any())}
            </MenuLink>
        }
    };
    move || {
        is_offered.get().then(|| {
            view! {
                <span class="crumb-divider" aria-hidden="true">"/"</span>
                <Menu
                    label=Signal::derive(move || format!("Project: {}", choice.name()))
                    class="crumb"
                    trigger=move || view! {
                        <span class="crumb-name">{move || view! { <Name name=choice.name()/> }}</span>
                        <IconView icon=Icon::ChevronDown/>
                    }
                >
                    <MenuLabel>"Show"</MenuLabel>
                    <MenuLink href=choice.href(None) current=choice.is_current(None)>"All projects"</MenuLink>
                    {move || choice.projects().into_iter().map(entry).collect_any()}
                </Menu>
            }
        })
    }
}
