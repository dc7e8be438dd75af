use leptos::prelude::*;

use super::storage::{keep, kept};

/// Where the choice is kept.
const STORAGE: &str = "single-keys";
const OFF: &str = "off";

/// Whether single keys act as shortcuts in this browser. Whoever speaks to the computer, or hits keys by accident, can
/// switch them off (WCAG 2.1.4).
#[derive(Clone, Copy)]
pub struct SingleKeys(RwSignal<bool>);

impl SingleKeys {
    pub fn provide() {
        provide_context(Self(RwSignal::new(kept(STORAGE).as_deref() != Some(OFF))));
    }

    pub fn on(&self) -> bool {
        self.0.get()
    }

    pub fn set(&self, on: bool) {
        self.0.set(on);
        keep(STORAGE, if on { "on" } else { OFF });
    }
}

pub fn use_single_keys() -> SingleKeys {
    expect_context()
}
