use domain::{ids::ProjectId, projects::Project};
use leptos::prelude::*;

use crate::{
    addresses::{Address, Page, Query},
    state::{CurrentOrganization, use_address, use_location, use_organization},
};

/// Values of an address that make no sense for another project: a page's number, and an open call.
const OF_ONE_PROJECT: [&str; 2] = ["page", "call"];

/// The project that narrows the page, which the page's address holds.
#[derive(Clone, Copy)]
pub(super) struct ProjectChoice {
    organization: CurrentOrganization,
    page: Memo<Option<Page>>,
    path: RwSignal<String>,
    query: Memo<Query>,
}

impl ProjectChoice {
    pub(super) fn new(page: Memo<Option<Page>>) -> Self {
        let query = use_address(Query::parse);
        Self { organization: use_organization(), page, path: use_location().path, query }
    }

    /// Whether the page can be narrowed to a project. The pages of one key and of one call show it, whatever its project.
    pub(super) fn is_offered(&self) -> bool {
        let is_of_one =
            || self.path.with(|path| matches!(Address::parse(path), Some(Address::ApiKey(..) | Address::Call(..))));
        self.page.get().is_some_and(Page::has_projects) && !is_of_one()
    }

    /// Projects that the member may choose.
    pub(super) fn projects(&self) -> Vec<Project> {
        self.organization.projects.with(|projects| projects.cloned().unwrap_or_default())
    }

    /// The chosen project's name, or that of the choice of all.
    pub(super) fn name(&self) -> String {
        let Some(chosen) = self.chosen() else { return "All projects".to_owned() };
        let project = self.projects().into_iter().find(|project| project.id == chosen);
        project.map_or_else(|| "Unknown project".to_owned(), |project| project.name)
    }

    pub(super) fn is_current(&self, project: Option<ProjectId>) -> Signal<bool> {
        let choice = *self;
        Signal::derive(move || choice.chosen() == project)
    }

    /// The address of the page with `project`, or with all.
    pub(super) fn href(&self, project: Option<ProjectId>) -> Signal<String> {
        let choice = *self;
        Signal::derive(move || {
            let query = OF_ONE_PROJECT.iter().fold(choice.query.get(), |query, name| query.with(name, None::<&str>));
            query.with("project", project).append_to(&choice.path.get())
        })
    }

    fn chosen(&self) -> Option<ProjectId> {
        self.query.with(|query| query.get("project"))
    }
}
