use leptos::prelude::*;

use super::{icon, overlays::Overlays, sidebar::GROUPS};
use crate::{
    addresses::Page,
    components::{Icon, Sheet, SheetLink},
    lean::CollectAny,
    state::{use_organization, use_project},
};

/// All pages that the member may see, which the bottom bar's "More" opens.
#[component]
pub(super) fn MoreSheet() -> impl IntoView {
    let Overlays { page, pages: open, .. } = expect_context();
    view! { <Sheet open title="Pages"><Pages page/></Sheet> }
}

#[component]
fn Pages(page: Memo<Option<Page>>) -> impl IntoView {
    let (organization, project) = (use_organization(), use_project());
    let link = move |to: Page| {
        let current = Signal::derive(move || page.get() == Some(to));
        let href = Signal::derive(move || to.href(&organization.slug(), project.get()));
        view! { <SheetLink href icon=icon(to) current>{to.label()}</SheetLink> }
    };
    let pages = GROUPS.into_iter().flat_map(|(_, pages)| pages.iter().copied()).chain([Page::Notifications]);
    view! {
        <nav aria-label="All pages">
            {pages.filter(|page| organization.may(page.permission())).map(link).collect_any()}
            <SheetLink href="/account" icon=Icon::User>"Your account"</SheetLink>
        </nav>
    }
}
