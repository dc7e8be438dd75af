//! Brings new calls into the list by themselves while its top is seen.

use leptos::{ev, html, leptos_dom::helpers::WindowListenerHandle, prelude::*};

use super::{
    call_list::CallList,
    call_table::{focus_call, focused_call},
};
use crate::{
    components::{Icon, IconView, format_count},
    lean::watch,
};

/// A list whose top follows new calls.
#[derive(Clone, Copy)]
pub(super) struct FollowedList {
    list: CallList,
    /// The element at whose top the newest call is.
    top: NodeRef<html::Div>,
    /// Whether someone reads: further down, in an open call, or a text that they have selected.
    is_read: Memo<bool>,
}

impl FollowedList {
    /// Follows new calls until the owner ends; `is_open` is whether a call is open.
    pub(super) fn new(list: CallList, top: NodeRef<html::Div>, is_open: Memo<bool>) -> Self {
        let (is_scrolled, has_selection) = (RwSignal::new(false), RwSignal::new(false));
        let look_for_selection = move || set_if_changed(has_selection, is_selected_in(top));
        let listeners = [
            window_event_listener(ev::scroll, move |_| set_if_changed(is_scrolled, !is_at_top(top))),
            window_event_listener(ev::pointerup, move |_| look_for_selection()),
            window_event_listener(ev::keyup, move |_| look_for_selection()),
        ];
        on_cleanup(move || listeners.into_iter().for_each(WindowListenerHandle::remove));
        // A list that is shown again where it was left is read there.
        let is_restoring = move || list.restoring().is_some();
        let is_read = Memo::new(move |_| is_open.get() || is_scrolled.get() || has_selection.get() || is_restoring());
        let new_calls = list.new_calls();
        watch(move || {
            let (count, _) = new_calls.get();
            if count > 0 && !is_read.get() {
                let focused = focused_call();
                list.show_new();
                // The call's row may have been moved.
                if let Some(call) = focused {
                    request_animation_frame(move || focus_call(call));
                }
            }
        });
        Self { list, top, is_read }
    }

    /// Number of new calls that wait until they are asked for, and whether there may be more.
    fn waiting(&self) -> Option<(usize, bool)> {
        let (count, more) = self.list.new_calls().get();
        (count > 0 && self.is_read.get()).then_some((count, more))
    }

    /// Shows the new calls, and the top of the list.
    fn show(&self) {
        self.list.show_new();
        if let Some(top) = self.top.get_untracked() {
            top.scroll_into_view();
        }
    }
}

/// A button that says how many new calls wait, and shows them. It is there only while someone reads other calls.
#[component]
pub(super) fn NewCalls(followed: FollowedList) -> impl IntoView {
    let text = move || {
        followed.waiting().map(|(count, more)| {
            let noun = if count == 1 && !more { "call" } else { "calls" };
            let count = format_count(i64::try_from(count).unwrap_or(i64::MAX));
            (format!("{count}{} new", if more { "+" } else { "" }), noun)
        })
    };
    view! {
        <div class="new-calls" role="status">
            {move || {
                text().map(|(text, noun)| view! {
                    <button type="button" class="button primary" on:click=move |_| followed.show()>
                        <IconView icon=Icon::ArrowUp/>
                        {text} <span class="visually-hidden">{noun} "; show the top of the list"</span>
                    </button>
                }.into_any())
            }}
        </div>
    }
}

/// Whether the top of the list is on the screen.
fn is_at_top(top: NodeRef<html::Div>) -> bool {
    top.get_untracked().is_none_or(|top| top.get_bounding_client_rect().top() >= 0.0)
}

/// Whether a text in the list is selected.
fn is_selected_in(list: NodeRef<html::Div>) -> bool {
    let selection = window().get_selection().ok().flatten().filter(|selection| !selection.is_collapsed());
    let anchor = selection.and_then(|selection| selection.anchor_node());
    list.get_untracked().is_some_and(|list| list.contains(anchor.as_ref()) && anchor.is_some())
}

fn set_if_changed(signal: RwSignal<bool>, value: bool) {
    if signal.get_untracked() != value {
        signal.set(value);
    }
}
