//! Sheets: what phones show from below, where wider screens have room for it on the page.

use leptos::{ev, prelude::*};
use wasm_bindgen::JsCast;
use web_sys::{Element, HtmlDialogElement};

use super::{
    dialog::{Dialog, closest},
    icon::{Icon, IconView},
};

/// A modal sheet. A choice in it, Esc, its button and a tap beside it close it; the focus then returns to what
/// opened it.
#[component]
pub fn Sheet(open: RwSignal<bool>, #[prop(into)] title: Signal<String>, children: ChildrenFn) -> impl IntoView {
    let content = StoredValue::new(children);
    view! {
        <Dialog open title light=true on_close=move || open.set(false)>
            <div class="dialog-body sheet-body" on:click:capture=close_on_choice on:close:capture=close_after_inner>
                {content.with_value(|content| content())}
            </div>
        </Dialog>
    }
}

/// A link in a sheet.
#[component]
pub fn SheetLink(
    #[prop(into)] href: Signal<String>,
    #[prop(optional, into)] icon: Option<Icon>,
    /// Whether it links to what the page shows.
    #[prop(optional, into)]
    current: Signal<bool>,
    children: Children,
) -> impl IntoView {
    view! {
        <a class="menu-item" href=move || href.get() aria-current=move || current.get().then_some("true")>
            {icon.map(|icon| view! { <IconView icon/> })}
            <span>{children()}</span>
            {move || current.get().then(|| view! { <IconView icon=Icon::Check/> })}
        </a>
    }
}

/// Closes the sheet at a choice in it, before that acts: the focus is back where it was when a dialog that the choice
/// opens asks for it. What opens above the sheet leaves it open.
fn close_on_choice(event: ev::MouseEvent) {
    let (Some(sheet), Some(chosen)) = (sheet_around(&event), closest(&event, "a, button")) else { return };
    if chosen.matches("[popovertarget], [aria-haspopup]") == Ok(true) {
        return;
    }
    match sheet.query_selector("dialog") {
        Ok(None) => sheet.close(),
        // The choice may open the dialog within, which closes the sheet at its end.
        _ => request_animation_frame(move || {
            if matches!(sheet.query_selector("dialog[open]"), Ok(None)) {
                sheet.close();
            }
        }),
    }
}

/// Closes the sheet after a dialog within it, which its content has opened above it.
fn close_after_inner(event: ev::Event) {
    if let Some(sheet) = sheet_around(&event) {
        sheet.close();
    }
}

/// The sheet whose body handles the event.
fn sheet_around(event: &ev::Event) -> Option<HtmlDialogElement> {
    let body = event.current_target()?.dyn_into::<Element>().ok()?;
    body.closest("dialog").ok().flatten()?.dyn_into().ok()
}
