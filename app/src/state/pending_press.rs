//! A press that waits for what it needs.

use leptos::prelude::*;

use crate::lean::watch;

/// Whether a button was pressed before what it sends was known: the press is remembered, and acts afterwards.
#[derive(Clone, Copy)]
pub struct PendingPress(RwSignal<bool>);

impl PendingPress {
    /// A press that runs `act` once nothing is loading any more, until the owner ends.
    pub fn new(is_loading: Signal<bool>, act: impl Fn() + 'static) -> Self {
        let pressed = RwSignal::new(false);
        watch(move || {
            if pressed.get() && !is_loading.get() {
                pressed.set(false);
                untrack(&act);
            }
        });
        Self(pressed)
    }

    /// Acts, now or later.
    pub fn press(&self) {
        self.0.set(true);
    }

    /// Whether the press still waits.
    pub fn is_waiting(&self) -> bool {
        self.0.get()
    }
}
