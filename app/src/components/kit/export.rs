use leptos::prelude::*;

use super::{
    icon::{Icon, IconView},
    menu::{Menu, MenuLink},
};

/// A link to the page's data as CSV, and in a menu beside it a link to CSV for Excel.
#[component]
pub fn Export(
    /// Address of the file, which has a query.
    #[prop(into)]
    href: Signal<String>,
) -> impl IntoView {
    // Excel takes UTF-8 for another encoding unless the file begins with a byte order mark; programs trip
    // over one.
    let for_excel = Signal::derive(move || href.with(|href| format!("{href}&bom=true")));
    view! {
        <div class="split-button">
            <a class="button" href=move || href.get() download rel="external">
                <IconView icon=Icon::Download/>
                "Export CSV"
            </a>
            <Menu label="Other ways to export" class="button" trigger=|| view! { <IconView icon=Icon::ChevronDown/> }>
                <MenuLink href=for_excel download=true>"CSV for Excel"</MenuLink>
            </Menu>
        </div>
    }
}
