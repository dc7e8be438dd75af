use domain::accounts::Membership;
use leptos::prelude::*;

use super::{
    banners::Banners, bottom_bar::BottomBar, header::Header, lazy_part::Later, shortcuts::Shortcuts, sidebar::Sidebar,
    sign_in_again::SignInAgain,
};
use crate::{
    addresses::{Page, Part},
    components::{HEADING, focus, focus_soon},
    pages::NoPermission,
    state::{Inbox, Live, Organization, use_location},
};

/// What is open above the page.
#[derive(Clone, Copy)]
pub(super) struct Overlays {
    pub palette: RwSignal<bool>,
    /// What was typed into the palette, from when it was asked for: its code may still be on its way.
    pub typed: RwSignal<String>,
    pub shortcuts: RwSignal<bool>,
}

impl Overlays {
    pub(super) fn open_palette(&self) {
        self.typed.set(String::new());
        self.palette.set(true);
    }
}

/// An organization's pages with their menus. One's own account is shown in it too (`page` is then `None`).
#[component]
pub fn Shell(membership: Membership, page: Memo<Option<Page>>, part: Memo<Option<Part>>) -> impl IntoView {
    let organization = Organization::provide(membership);
    Live::provide(&organization.slug());
    Inbox::provide();
    let overlays = Overlays {
        palette: RwSignal::new(false),
        typed: RwSignal::new(String::new()),
        shortcuts: RwSignal::new(false),
    };
    provide_context(overlays);
    focus_heading_of_each_page();
    let content = move || match page.get() {
        Some(page) if !organization.may(page.permission()) => view! { <NoPermission page/> }.into_any(),
        _ => part.get().map(Part::show).into_any(),
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
        <Later
            part=Part::Palette
            wanted=overlays.palette
            on_missed=move || overlays.palette.set(false)
        />
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
            focus_soon(HEADING);
        }
        path
    });
}
