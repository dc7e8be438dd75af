//! Modal dialogs: one question, one primary button, and what will happen.

use leptos::{ev, html, prelude::*};
use wasm_bindgen::JsCast;

use super::{Button, Icon, Look, When, unique_id};

/// A native modal dialog. The browser keeps the focus inside and gives it back at the end.
///
/// Its children are made anew each time it opens.
#[component]
pub fn Dialog(
    open: RwSignal<bool>,
    #[prop(into)] title: Signal<String>,
    /// Comes from the side (on phones from below), for longer forms.
    #[prop(optional)]
    sheet: bool,
    /// Without a button and Esc to close it: only for what must be answered.
    #[prop(optional)]
    insistent: bool,
    /// Asked before Esc or its button close it; `false` keeps it open.
    #[prop(optional, into)]
    may_close: Option<Callback<(), bool>>,
    #[prop(optional, into)] on_close: Option<Callback<()>>,
    children: ChildrenFn,
) -> impl IntoView {
    let dialog = NodeRef::<html::Dialog>::new();
    let heading = unique_id("dialog");
    let labelled_by = heading.clone();
    let content = StoredValue::new(children);
    Effect::new(move |was_open: Option<bool>| {
        let is_open = open.get();
        if let Some(dialog) = dialog.get() {
            if is_open && !dialog.open() {
                // Fails only where the element isn't in the document any more.
                let _ = dialog.show_modal();
            } else if !is_open && dialog.open() {
                dialog.close();
            }
        }
        if was_open == Some(true)
            && !is_open
            && let Some(on_close) = on_close
        {
            on_close.run(());
        }
        is_open
    });
    let stays = move || insistent || may_close.is_some_and(|may_close| !may_close.run(()));
    let close = move || {
        if !stays() {
            open.set(false);
        }
    };
    let cancel = move |event: ev::Event| {
        // Esc within a list that is open in the dialog is not for the dialog.
        let own = event.target() == event.current_target();
        if own && stays() {
            event.prevent_default();
        }
    };
    let closed = move |_| {
        // The event comes late: the dialog may be gone by then, or the element be another dialog's.
        let Some(dialog) = dialog.try_get_untracked().flatten().filter(|dialog| !dialog.open()) else { return };
        if !open.get_untracked() {
            return;
        }
        // A second Esc closes a dialog whatever it says (HTML, section 6.10.3, close watchers): it opens again.
        if stays() {
            let _ = dialog.show_modal();
        } else {
            open.set(false);
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
    open: RwSignal<bool>,
    #[prop(into)] title: Signal<String>,
    /// The verb on the button.
    action: &'static str,
    #[prop(optional, into)] pending: Signal<bool>,
    /// Whether it is too early to press the button.
    #[prop(optional, into)]
    disabled: Signal<bool>,
    #[prop(into)] on_confirm: Callback<()>,
    #[prop(optional, into)] on_close: Option<Callback<()>>,
    children: ChildrenFn,
) -> impl IntoView {
    let content = StoredValue::new(children);
    view! {
        <Dialog open title on_close=move || on_close.into_iter().for_each(|on_close| on_close.run(()))>
            <div class="dialog-body">{content.with_value(|content| content())}</div>
            <footer>
                <Button on_press=move || open.set(false)>"Cancel"</Button>
                <Button look=Look::Danger pending disabled on_press=on_confirm>{action}</Button>
            </footer>
        </Dialog>
    }
}

/// The nearest element around an event's target that `selector` finds.
pub(crate) fn closest(event: &ev::Event, selector: &str) -> Option<web_sys::Element> {
    event.target()?.dyn_into::<web_sys::Element>().ok()?.closest(selector).ok().flatten()
}
