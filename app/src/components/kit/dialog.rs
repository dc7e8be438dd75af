//! Modal dialogs: one question, one primary button, and what will happen.

use leptos::{ev, html, prelude::*};
use wasm_bindgen::JsCast;

use super::{Button, Icon, Look, When, unique_id};
use crate::state::watch;

/// A native modal dialog. The browser keeps the focus inside and gives it back at the end.
///
/// Whether it is open is its owner's to say: it only asks to be closed. One that is always open is so for as long as it
/// is there. Its children are made anew each time it opens.
#[component]
pub fn Dialog(
    #[prop(into, default = true.into())] open: Signal<bool>,
    #[prop(into)] title: Signal<String>,
    /// Comes from the side (on phones from below), for longer forms.
    #[prop(optional)]
    sheet: bool,
    /// Without a button and Esc to close it: only for what must be answered.
    #[prop(optional)]
    insistent: bool,
    /// Closes it, or doesn't: its button or Esc was pressed.
    #[prop(optional, into)]
    on_close: Option<Callback<()>>,
    children: ChildrenFn,
) -> impl IntoView {
    let dialog = NodeRef::<html::Dialog>::new();
    let heading = unique_id("dialog");
    let labelled_by = heading.clone();
    let content = StoredValue::new(children);
    watch(move || {
        let is_open = open.get();
        if let Some(dialog) = dialog.get() {
            if is_open && !dialog.open() {
                // Fails only where the element isn't in the document any more.
                let _ = dialog.show_modal();
            } else if !is_open && dialog.open() {
                dialog.close();
            }
        }
    });
    // Only a dialog that is closed gives the focus back.
    on_cleanup(move || {
        if let Some(dialog) = dialog.try_get_untracked().flatten() {
            dialog.close();
        }
    });
    let close = move || {
        if let Some(on_close) = on_close.filter(|_| !insistent) {
            on_close.run(());
        }
    };
    let cancel = move |event: ev::Event| {
        // Esc within a list that is open in the dialog is not for the dialog.
        if event.target() == event.current_target() {
            event.prevent_default();
            close();
        }
    };
    let closed = move |_| {
        // The event comes late: the dialog may be gone by then, or the element be another dialog's.
        let Some(dialog) = dialog.try_get_untracked().flatten().filter(|dialog| !dialog.open()) else { return };
        // A second Esc closes a dialog whatever it says (HTML, section 6.10.3, close watchers).
        if open.get_untracked() {
            close();
        }
        if open.try_get_untracked() == Some(true) {
            let _ = dialog.show_modal();
        }
    };
    view! {
        <dialog
            node_ref=dialog
            class="dialog"
            class:sheet=sheet
            aria-labelledby=labelled_by
            on:cancel=cancel
            on:close=closed
        >
            <When when=move || open.get()>
                <header>
                    <h2 id=heading.clone()>{move || title.get()}</h2>
                    {(!insistent)
                        .then(|| view! { <Button look=Look::Quiet icon=Icon::Close label="Close" on_press=close/> })}
                </header>
                {content.with_value(|content| content())}
            </When>
        </dialog>
    }
}

/// Asks before something that can't be taken back.
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
                <Button look=Look::Danger pending disabled on_press=on_confirm>{action}</Button>
            </footer>
        </Dialog>
    }
}

/// The nearest element around an event's target that `selector` finds.
pub(crate) fn closest(event: &ev::Event, selector: &str) -> Option<web_sys::Element> {
    event.target()?.dyn_into::<web_sys::Element>().ok()?.closest(selector).ok().flatten()
}
