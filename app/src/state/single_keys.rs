use leptos::prelude::*;

use super::storage::{load, save};

/// Storage key of the choice.
const STORAGE_KEY: &str = "single-keys";
const OFF: &str = "off";

/// Whether single keys act as shortcuts in this browser. They can be switched off for speech input, or where
/// keys are hit by accident (WCAG 2.1.4).
#[derive(Clone, Copy)]
pub struct SingleKeys(RwSignal<bool>);

impl SingleKeys {
    pub fn provide() {
        provide_context(Self(RwSignal::new(load(STORAGE_KEY).as_deref() != Some(OFF))));
    }

    pub fn is_on(&self) -> bool {
        self.0.get()
    }

    pub fn set(&self, on: bool) {
        self.0.set(on);
        save(STORAGE_KEY, if on { "on" } else { OFF });
    }
}

pub fn use_single_keys() -> SingleKeys {
    expect_context()
}
