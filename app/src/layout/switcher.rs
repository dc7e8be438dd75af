use leptos::prelude::*;

use super::{organization_menu::initial, overlays::Overlays, project_choice::ProjectChoice};
use crate::{
    addresses::Page,
    components::{Icon, IconView, Name},
    state::use_organization,
};

/// The organization, and on a second line the page's project: on phones, in place of their two menus. A press opens a
/// sheet of both.
#[component]
pub fn Switcher(page: Memo<Option<Page>>) -> impl IntoView {
    let open = expect_context::<Overlays>().switcher;
    let membership = use_organization().membership();
    let choice = ProjectChoice::new(page);
    let project = Memo::new(move |_| choice.is_offered().then(|| choice.name()));
    // Screen readers hear what each line is.
    let second_line = move || match project.get() {
        Some(project) => view! { <span class="visually-hidden">"Project: "</span> <Name name=project/> }.into_any(),
        None => membership.role.label().into_any(),
    };
    view! {
        <button
            type="button"
            class="crumb switcher"
            aria-haspopup="dialog"
            on:click=move |_| open.set(true)
        >
            <span class="monogram" aria-hidden="true" data-text=initial(&membership.name)></span>
            <span class="switcher-lines">
                <span><span class="visually-hidden">"Organization: "</span> <Name name=membership.name/></span>
                <small>{second_line}</small>
            </span>
            <IconView icon=Icon::ChevronDown/>
        </button>
    }
}
