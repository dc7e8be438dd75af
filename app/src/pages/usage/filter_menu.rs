//! The button that adds a filter, with a searchable list of values.

use leptos::{ev, html, prelude::*};

use crate::{
    addresses::{CodePart, UsageAddress},
    components::{Icon, IconView, closest, place_beside, unique_id},
    layout::LazyPart,
};

/// Maximum width of the list in pixels; equals the stylesheet's.
const WIDTH: f64 = 320.0;

/// The panel that the button opens, for the code of its content, which is loaded when it first opens.
#[derive(Clone, Copy)]
pub(super) struct FilterPanel {
    pub address: Memo<UsageAddress>,
    pub open: RwSignal<bool>,
    pub element: NodeRef<html::Div>,
}

/// A button that opens a list of values of all dimensions; choosing one filters the page by it too, or no longer.
#[component]
pub(super) fn FilterMenu(address: Memo<UsageAddress>) -> impl IntoView {
    let element = NodeRef::<html::Div>::new();
    let open = RwSignal::new(false);
    let id = unique_id("filter-menu");
    provide_context(FilterPanel { address, open, element });

    let place_panel = move |event: ev::MouseEvent| {
        if let (Some(panel), Some(button)) = (element.get_untracked(), closest(&event, "button")) {
            place_beside(&panel, &button.get_bounding_client_rect(), WIDTH);
        }
    };
    let on_toggle = move |_| {
        open.set(element.get_untracked().is_some_and(|panel| panel.matches(":popover-open").unwrap_or(false)));
    };
    view! {
        <button
            type="button"
            class="button quiet"
            popovertarget=id.clone()
            aria-haspopup="dialog"
            aria-expanded=move || open.get().to_string()
            on:click=place_panel
        >
            <IconView icon=Icon::Plus/>
            "Filter"
        </button>
        <div
            node_ref=element
            id=id
            class="menu filter-menu"
            role="dialog"
            popover="auto"
            aria-label="Add a filter"
            on:toggle=on_toggle
        >
            <LazyPart part=CodePart::UsageFilters wanted=open/>
        </div>
    }
}
