use leptos::prelude::*;

use super::{Icon, IconView, Menu, MenuLink};

/// A link to what a page shows as CSV, and beside it, in a menu, to the same for Excel.
#[component]
pub fn Export(
    /// The address of the file; it has a query.
    #[prop(into)]
    href: Signal<String>,
) -> impl IntoView {
    // Excel takes UTF-8 for another encoding unless the file begins with a byte order mark; programs trip over one.
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
