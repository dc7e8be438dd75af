use leptos::prelude::*;

use super::{icon, overlays::Overlays};
use crate::{
    addresses::Page,
    components::{Icon, IconView},
    lean::CollectAny,
    state::{use_organization, use_project},
};

/// Pages within reach of the thumb on phones. The others are behind "More".
const PAGES: [(Page, &str); 4] =
    [(Page::Overview, "Overview"), (Page::Usage, "Usage"), (Page::ApiKeys, "Keys"), (Page::Logs, "Logs")];

#[component]
pub fn BottomBar(page: Memo<Option<Page>>) -> impl IntoView {
    let organization = use_organization();
    let project = use_project();
    let pages = expect_context::<Overlays>().pages;
    let link = move |(to, label): (Page, &'static str)| {
        view! {
            <a
                href=move || to.href(&organization.slug(), project.get())
                aria-current=move || (page.get() == Some(to)).then_some("page")
            >
                <IconView icon=icon(to)/>
                {label}
            </a>
        }
    };
    // The account, which has no page of the organization, is behind "More" too.
    let is_more = move || PAGES.into_iter().all(|(shown, _)| page.get() != Some(shown));
    view! {
        <nav class="bottom-bar" aria-label="Modules">
            {PAGES
                .into_iter()
                .filter(|(page, _)| organization.may(page.permission()))
                .map(link)
                .collect_any()}
            <button
                type="button"
                aria-haspopup="dialog"
                aria-current=move || is_more().then_some("true")
                on:click=move |_| pages.set(true)
            >
                <IconView icon=Icon::More/>
                "More"
            </button>
        </nav>
    }
}
