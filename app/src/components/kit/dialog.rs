//! Modal dialogs: one question, one primary button, and its consequences.

use leptos::{ev, html, prelude::*};
use wasm_bindgen::JsCast;

use super::{
    button::{Button, ButtonStyle},
    icon::Icon,
    name::isolate_quoted,
    unique_id,
};
use crate::lean::{When, watch};

/// A native modal dialog. The browser keeps the focus inside and returns it at the end.
///
/// Its owner decides whether it is open: the dialog only asks to be closed. Without `open`, it is open for as
/// long as it exists. Its children are rebuilt each time it opens.
#[component]
pub fn Dialog(
    #[prop(into, default = true.into())] open: Signal<bool>,
    #[prop(into)] title: Signal<String>,
    /// Slides in from the side (on phones from below), for longer forms.
    #[prop(optional)]
    sheet: bool,
    /// Can't be closed by button or Esc: only for questions that must be answered.
    #[prop(optional)]
    insistent: bool,
    /// Asks to be closed at a tap beside it too: for content in which nothing can be lost.
    #[prop(optional)]
    light: bool,
    /// Called when its button or Esc is pressed; may leave it open.
    #[prop(optional, into)]
    on_close: Option<Callback<()>>,
    children: ChildrenFn,
) -> impl IntoView {
    let dialog = NodeRef::<html::Dialog>::new();
    let heading = unique_id("dialog");
    let labelled_by = heading.clone();
    let content = StoredValue::new(children);
    follow(dialog, open);
    let close = move || {
        if let Some(on_close) = on_close.filter(|_| !insistent) {
            on_close.run(());
        }
    };
    let on_cancel = move |event: ev::Event| {
        // Esc in an open list inside the dialog isn't meant for the dialog.
        if event.target() == event.current_target() {
            event.prevent_default();
            close();
        }
    };
    let on_closed = move |_| {
        // The event comes late: the dialog may be gone by then, or the element be another dialog's.
        let Some(dialog) = dialog.try_get_untracked().flatten().filter(|dialog| !dialog.open()) else { return };
        // A second Esc closes a dialog even if its event is canceled (HTML, section 6.10.3, close watchers).
        if open.get_untracked() {
            close();
        }
        if open.try_get_untracked() == Some(true) {
            let _ = dialog.show_modal();
        }
    };
    let on_click = move |event: ev::MouseEvent| {
        if light && is_beside(&event) {
            close();
        }
    };
    view! {
        <dialog
            node_ref=dialog
            class="dialog"
            class:sheet=sheet
            aria-labelledby=labelled_by
            on:cancel=on_cancel
            on:close=on_closed
            on:click=on_click
        >
            <When when=move || open.get()>
                <header>
                    <h2 id=heading.clone()>{move || isolate_quoted(title.get())}</h2>
                    {(!insistent)
                        .then(|| view! { <Button style=ButtonStyle::Quiet icon=Icon::Close label="Close" on_press=close/> })}
                </header>
                {content.with_value(|content| content())}
            </When>
        </dialog>
    }
}

/// Asks for confirmation of an action that can't be undone.
#[component]
pub fn Confirm(
    #[prop(into, default = true.into())] open: Signal<bool>,
    #[prop(into)] title: Signal<String>,
    /// The verb on the button.
    action: &'static str,
    #[prop(optional, into)] pending: Signal<bool>,
    /// Whether it is too early to press the button.
    #[prop(optional, into)]
    disabled: Signal<bool>,
    #[prop(into)] on_confirm: Callback<()>,
    #[prop(into)] on_close: Callback<()>,
    children: ChildrenFn,
) -> impl IntoView {
    let content = StoredValue::new(children);
    view! {
        <Dialog open title on_close>
            <div class="dialog-body">{content.with_value(|content| content())}</div>
            <footer>
                <Button on_press=on_close>"Cancel"</Button>
                <Button style=ButtonStyle::Danger pending disabled on_press=on_confirm>{action}</Button>
            </footer>
        </Dialog>
    }
}

/// Opens and closes a native modal dialog as `open` says, for as long as the current owner exists.
pub(super) fn follow(dialog: NodeRef<html::Dialog>, open: Signal<bool>) {
    watch(move || {
        let is_open = open.get();
        if let Some(dialog) = dialog.get() {
            if is_open && !dialog.open() {
                // Fails only if the element is no longer in the document.
                let _ = dialog.show_modal();
            } else if !is_open && dialog.open() {
                dialog.close();
            }
        }
    });
    // Only closing a dialog returns the focus.
    on_cleanup(move || {
        if let Some(dialog) = dialog.try_get_untracked().flatten() {
            dialog.close();
        }
    });
}

/// Whether a click on a dialog was beside it, on its backdrop: its content covers all of the dialog itself.
pub(crate) fn is_beside(event: &ev::MouseEvent) -> bool {
    event.target() == event.current_target()
}

/// Returns the nearest element around an event's target that matches `selector`.
pub(crate) fn closest(event: &ev::Event, selector: &str) -> Option<web_sys::Element> {
    event.target()?.dyn_into::<web_sys::Element>().ok()?.closest(selector).ok().flatten()
}
