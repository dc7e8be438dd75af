use domain::accounts::Membership;
use leptos::prelude::*;
use wasm_bindgen::JsCast;

use super::{
    banners::Banners, bottom_bar::BottomBar, header::Header, palette::Palette, shortcuts::Shortcuts, sidebar::Sidebar,
    sign_in_again::SignInAgain,
};
use crate::{
    addresses::Page,
    pages::{Account, ApiKeys, Logs, NoPermission, Overview, Settings, Usage},
    state::{Live, Organization, use_location},
};

/// What is open above the page.
#[derive(Clone, Copy)]
pub(super) struct Overlays {
    pub palette: RwSignal<bool>,
    pub shortcuts: RwSignal<bool>,
}

/// An organization's pages with their menus. One's own account is shown in it too (`page` is then `None`).
#[component]
pub fn Shell(membership: Membership, page: Memo<Option<Page>>) -> impl IntoView {
    let organization = Organization::provide(membership);
    Live::provide(&organization.slug());
    let overlays = Overlays { palette: RwSignal::new(false), shortcuts: RwSignal::new(false) };
    provide_context(overlays);
    focus_heading_of_each_page();
    let content = move || {
        let Some(page) = page.get() else { return view! { <Account/> }.into_any() };
        if !organization.may(page.permission()) {
            return view! { <NoPermission page/> }.into_any();
        }
        match page {
            Page::Overview => view! { <Overview/> }.into_any(),
            Page::ApiKeys => view! { <ApiKeys/> }.into_any(),
            Page::Logs => view! { <Logs/> }.into_any(),
            Page::Usage => view! { <Usage/> }.into_any(),
            Page::Settings => view! { <Settings/> }.into_any(),
        }
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
        <Palette/>
        <Shortcuts/>
        <SignInAgain/>
    }
}

/// Goes to the content without a step in the history.
fn skip(event: leptos::ev::MouseEvent) {
    event.prevent_default();
    focus("#main");
}

/// After a step to another page, lets screen readers and the keyboard begin at its heading.
fn focus_heading_of_each_page() {
    let path = use_location().path;
    Effect::new(move |before: Option<String>| {
        let path = path.get();
        if before.is_some_and(|before| before != path) {
            request_animation_frame(|| focus("#main h1"));
        }
        path
    });
}

fn focus(selector: &str) {
    let found = document().query_selector(selector).ok().flatten();
    if let Some(element) = found.and_then(|element| element.dyn_into::<web_sys::HtmlElement>().ok()) {
        let _ = element.focus();
    }
}
