//! J and K: to the next and the previous call, in the list and in the panel of the open one.

use domain::ids::CallId;
use leptos::{ev, prelude::*};
use wasm_bindgen::JsCast;

use super::{
    call_list::CallList,
    call_table::{focus_call, focused_call},
    row_window::RowWindow,
};
use crate::{
    components::{HEADING, focus_soon},
    state::use_single_keys,
};

/// The steps through a list by keys and buttons.
#[derive(Clone, Copy)]
pub(super) struct CallSteps {
    list: CallList,
    window: RowWindow,
    open: Memo<Option<CallId>>,
    /// Shows another call in the panel, or none.
    show: Callback<(Option<CallId>,)>,
}

impl CallSteps {
    pub(super) fn new(
        list: CallList,
        window: RowWindow,
        open: Memo<Option<CallId>>,
        show: impl Fn(Option<CallId>) + Send + Sync + 'static,
    ) -> Self {
        Self { list, window, open, show: Callback::new(move |(call,)| show(call)) }
    }

    /// Steps for J and K, unless single keys are switched off, and closes the panel for Esc, until the owner ends.
    pub(super) fn follow_keys(self) {
        let single_keys = use_single_keys();
        let keys = window_event_listener(ev::keydown, move |event| {
            if event.default_prevented() || belongs_elsewhere(&event) {
                return;
            }
            match event.key().as_str() {
                "j" if untrack(|| single_keys.is_on()) => self.step(1),
                "k" if untrack(|| single_keys.is_on()) => self.step(-1),
                "Escape" if self.open.get_untracked().is_some() => self.close(),
                _ => return,
            }
            event.prevent_default();
        });
        on_cleanup(move || keys.remove());
    }

    /// Goes to the call after the current one by this many places: the open one, or the one with the focus.
    pub(super) fn step(self, offset: isize) {
        untrack(|| {
            let open = self.open.get();
            let current = open.or_else(focused_call).and_then(|call| self.list.position(call));
            let next = match current {
                Some(current) => current.saturating_add_signed(offset),
                // A call that isn't in the list has no next one there.
                None if open.is_some() => 0,
                None => self.window.first_in_view(),
            };
            let Some(call) = self.list.call_at(next) else { return self.list.load_more() };
            self.window.reveal(next);
            if open.is_some() {
                self.show.run((Some(call),));
            } else {
                focus_call(call);
            }
        });
    }

    /// Closes the panel, and gives the focus to the row of its call; to the page's heading if the list doesn't have it.
    pub(super) fn close(self) {
        untrack(|| {
            let Some(call) = self.open.get() else { return };
            self.show.run((None,));
            match self.list.position(call) {
                Some(index) => {
                    self.window.reveal(index);
                    focus_call(call);
                }
                None => focus_soon(HEADING),
            }
        });
    }
}

/// Whether a key press belongs to a field, a menu or a dialog, or has a modifier.
fn belongs_elsewhere(event: &ev::KeyboardEvent) -> bool {
    let target = event.target().and_then(|target| target.dyn_into::<web_sys::Element>().ok());
    let is_in_control = |target: &web_sys::Element| {
        target.closest("input, textarea, select, dialog[open], [popover]").ok().flatten().is_some()
    };
    event.ctrl_key() || event.meta_key() || event.alt_key() || target.as_ref().is_some_and(is_in_control)
}
