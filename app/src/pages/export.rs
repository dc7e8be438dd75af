//! A page's data as a file.

mod columns;
mod dialog;
mod recent;

use leptos::prelude::*;

pub(crate) use self::dialog::ExportDialog;
use crate::{
    addresses::CodePart,
    components::{Icon, IconView},
    layout::LazyPart,
};

/// The file, for the dialog's code, which is loaded when it first opens.
#[derive(Clone, Copy)]
struct ExportedFile {
    open: RwSignal<bool>,
    href: Signal<String>,
    facts: Signal<Vec<(&'static str, String)>>,
}

/// A button that exports the page's data. Its dialog says what the file will hold.
#[component]
pub(super) fn Export(
    /// Address of the file, which has a query.
    #[prop(into)]
    href: Signal<String>,
    /// Facts about the file, as names and values: `Time zone`, `Europe/Berlin`.
    #[prop(optional, into)]
    facts: Signal<Vec<(&'static str, String)>>,
) -> impl IntoView {
    let open = RwSignal::new(false);
    provide_context(ExportedFile { open, href, facts });
    view! {
        <button type="button" class="button" aria-haspopup="dialog" on:click=move |_| open.set(true)>
            <IconView icon=Icon::Download/>
            <span class="button-text">"Export"</span>
        </button>
        <LazyPart part=CodePart::ExportDialog wanted=open on_failed=move || open.set(false)/>
    }
}
