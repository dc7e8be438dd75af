//! Saved views of a page: the button in its head, and the dialog with the views.

mod dialog;

use domain::saved_views::ViewedPage;
use leptos::prelude::*;

pub(crate) use self::dialog::SavedViewsDialog;
use crate::{
    addresses::CodePart,
    components::{Icon, IconView},
    layout::LazyPart,
};

/// What the dialog shows, for its code, which is loaded when it first opens.
#[derive(Clone, Copy)]
struct ViewsContext {
    page: ViewedPage,
    /// The query of the page's address, without its question mark.
    query: Signal<String>,
    open: RwSignal<bool>,
}

/// A button that opens the saved views of a page, where the current one can be saved.
#[component]
pub(super) fn SavedViews(
    page: ViewedPage,
    /// The query of the page's address.
    #[prop(into)]
    query: Signal<String>,
) -> impl IntoView {
    let open = RwSignal::new(false);
    let query = Signal::derive(move || query.with(|query| query.trim_start_matches('?').to_owned()));
    provide_context(ViewsContext { page, query, open });
    view! {
        <button type="button" class="button" aria-haspopup="dialog" on:click=move |_| open.set(true)>
            <IconView icon=Icon::List/>
            <span class="button-text">"Views"</span>
        </button>
        <LazyPart part=CodePart::SavedViews wanted=open on_failed=move || open.set(false)/>
    }
}
