//! The filters of a page.

use leptos::{html, prelude::*};

use super::{
    button::{Button, ButtonStyle},
    dialog::{follow, is_beside},
    icon::{Icon, IconView},
    unique_id,
};
use crate::lean::When;

/// The filters of the open page, for the button in its head.
#[derive(Clone, Copy)]
pub struct PageFilters(RwSignal<Option<FilterSheet>>);

/// Filters that are in a sheet on phones.
#[derive(Clone, Copy)]
struct FilterSheet {
    active: Signal<usize>,
    open: RwSignal<bool>,
}

impl PageFilters {
    pub fn provide() {
        provide_context(Self(RwSignal::new(None)));
    }
}

/// A page's filters: a row of controls, or on phones a sheet that "Filters (2)" in the page's head opens.
///
/// The controls are the same elements in both. The browser shows the content of a dialog that isn't open if the
/// stylesheet says so.
#[component]
pub fn Filters(
    /// Number of filters that differ from their default.
    #[prop(into)]
    active: Signal<usize>,
    children: Children,
) -> impl IntoView {
    let open = RwSignal::new(false);
    let dialog = NodeRef::<html::Dialog>::new();
    let heading = unique_id("filters");
    let labelled_by = heading.clone();
    if let Some(PageFilters(filters)) = use_context() {
        filters.set(Some(FilterSheet { active, open }));
        on_cleanup(move || {
            filters.try_update(|filters| *filters = filters.filter(|sheet| sheet.open != open));
        });
    }
    follow(dialog, open.into());
    let close = move || open.set(false);
    view! {
        <div class="filters" role="group" aria-label="Filters">
            <dialog
                node_ref=dialog
                class="dialog filters-sheet"
                role=move || (!open.get()).then_some("presentation")
                aria-labelledby=move || open.get().then(|| labelled_by.clone())
                on:close=move |_| {
                    // The page may be gone when the event comes.
                    open.try_set(false);
                }
                on:click=move |event| {
                    if is_beside(&event) {
                        close();
                    }
                }
            >
                <When when=move || open.get()>
                    <header>
                        <h2 id=heading.clone()>"Filters"</h2>
                        <Button style=ButtonStyle::Quiet icon=Icon::Close label="Close" on_press=close/>
                    </header>
                </When>
                <div class="filters-body">{children()}</div>
                <When when=move || open.get()>
                    <footer><Button style=ButtonStyle::Primary on_press=close>"Done"</Button></footer>
                </When>
            </dialog>
        </div>
    }
}

/// The button that opens the page's filters on phones; nothing on pages without any.
#[component]
pub(super) fn FiltersButton() -> impl IntoView {
    let filters = use_context::<PageFilters>();
    move || {
        let FilterSheet { active, open } = filters.and_then(|PageFilters(filters)| filters.get())?;
        let count = move || match active.get() {
            0 => String::new(),
            active => format!(" ({active})"),
        };
        Some(
            view! {
                <button
                    type="button"
                    class="button filters-button"
                    aria-haspopup="dialog"
                    on:click=move |_| open.set(true)
                >
                    <IconView icon=Icon::Filter/>
                    <span><span class="button-text">"Filters"</span> {count}</span>
                </button>
            }
            .into_any(),
        )
    }
}
