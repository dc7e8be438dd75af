use domain::accounts::Membership;
use leptos::prelude::*;

use super::{
    banners::Banners,
    bottom_bar::BottomBar,
    header::Header,
    no_permission::{NoPermission, NoProject},
    not_found::NotFound,
    overlay_views::LazyOverlays,
    overlays::Overlays,
    shortcuts::handle_shortcuts,
    sidebar::Sidebar,
    sign_in_again::SignInAgain,
};
use crate::{
    addresses::{CodePart, Page},
    components::{PageFilters, focus, focus_heading_soon},
    state::{ChosenProject, CurrentOrganization, InboxState, Live, PageZone, use_location},
};

/// An organization's pages with their menus. It also shows the user's account (`page` is then `None`).
#[component]
pub fn Shell(membership: Membership, page: Memo<Option<Page>>, part: Memo<Option<CodePart>>) -> impl IntoView {
    let organization = CurrentOrganization::provide(membership);
    PageZone::provide();
    ChosenProject::provide();
    Live::provide(&organization.slug());
    InboxState::provide();
    PageFilters::provide();
    Overlays::provide(page);
    focus_heading_on_navigation();
    handle_shortcuts();
    let lacks_project = Memo::new(move |_| organization.has_no_project());
    let content = move || match (page.get(), part.get()) {
        (Some(page), _) if !organization.may(page.permission()) => view! { <NoPermission page/> }.into_any(),
        (Some(page), _) if page.needs_project() && lacks_project.get() => view! { <NoProject page/> }.into_any(),
        (_, Some(part)) => part.show(),
        (_, None) => view! { <NotFound/> }.into_any(),
    };
    view! {
        <a class="skip-link" href="#main" on:click=skip>"Skip to the content"</a>
        <div class="shell">
            <Sidebar page/>
            <div class="shell-body">
                <Header page/>
                <Banners/>
                <main id="main" tabindex="-1">{content}</main>
            </div>
            <BottomBar page/>
        </div>
        <LazyOverlays/>
        <SignInAgain/>
    }
}

/// Moves the focus to the content without adding an entry to the history.
fn skip(event: leptos::ev::MouseEvent) {
    event.prevent_default();
    focus("#main");
}

/// Focuses a page's heading after navigation, so that screen readers and the keyboard begin there.
fn focus_heading_on_navigation() {
    let path = use_location().path;
    Effect::new(move |previous: Option<String>| {
        let path = path.get();
        if previous.is_some_and(|previous| previous != path) {
            focus_heading_soon();
        }
        path
    });
}
