use leptos::prelude::*;

use super::{account_menu::AccountMenu, icon};
use crate::{
    addresses::Page,
    components::{IconView, Logo},
    lean::CollectAny,
    state::{use_organization, use_project},
};

/// Pages grouped by purpose.
pub(super) const GROUPS: [(&str, &[Page]); 4] = [
    ("", &[Page::Overview]),
    ("Observe", &[Page::Usage, Page::Logs]),
    ("Build", &[Page::ApiKeys]),
    ("Organization", &[Page::Settings]),
];

/// The pages that the member may see; only their icons where there is little room.
#[component]
pub fn Sidebar(page: Memo<Option<Page>>) -> impl IntoView {
    let organization = use_organization();
    let project = use_project();
    let link = move |to: Page| {
        view! {
            <a
                href=move || to.href(&organization.slug(), project.get())
                title=to.label()
                aria-current=move || (page.get() == Some(to)).then_some("page")
            >
                <IconView icon=icon(to)/>
                <span>{to.label()}</span>
            </a>
        }
    };
    let group = move |(name, pages): (&'static str, &'static [Page])| {
        let links: Vec<_> =
            pages.iter().copied().filter(|page| organization.may(page.permission())).map(link).collect();
        (!links.is_empty()).then(|| {
            view! {
                {(!name.is_empty()).then(|| view! { <h2>{name}</h2> }.into_any())}
                {links}
            }
        })
    };
    view! {
        <aside class="sidebar">
            <a class="brand" href=Page::Overview.path(&organization.slug()) aria-label="Tollhouse">
                <Logo/>
                <span>"Tollhouse"</span>
            </a>
            <nav aria-label="Modules">{GROUPS.into_iter().map(group).collect_any()}</nav>
            <AccountMenu class="me"/>
        </aside>
    }
}
