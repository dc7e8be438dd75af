use domain::ids::ProjectId;
use leptos::prelude::*;

use super::location::use_location;
use crate::addresses::{Address, Page, Query};

/// The project that pages are narrowed to. It is in the address of pages that can be narrowed; on the others, it is
/// remembered for the links that lead back.
#[derive(Clone, Copy)]
pub struct ChosenProject(Memo<Option<ProjectId>>);

impl ChosenProject {
    /// Provides the choice for the open organization.
    pub fn provide() {
        let location = use_location();
        let project = Memo::new(move |before: Option<&Option<ProjectId>>| {
            let page = location.path.with(|path| Some(Address::parse(path)?.location()?.1));
            if page.is_some_and(Page::has_projects) {
                location.search.with(|search| Query::parse(search).get("project"))
            } else {
                before.copied().flatten()
            }
        });
        provide_context(Self(project));
    }
}

/// The project that pages are narrowed to; `None` for all.
pub fn use_project() -> Memo<Option<ProjectId>> {
    expect_context::<ChosenProject>().0
}
