//! What can be open above a page: the palette, and the lists of shortcuts and pages.

use leptos::prelude::*;

/// Overlays that can be open above the page.
#[derive(Clone, Copy)]
pub(super) struct Overlays {
    pub palette: RwSignal<bool>,
    /// Text typed into the palette since it was opened, even before its code has been loaded.
    pub typed: RwSignal<String>,
    pub shortcuts: RwSignal<bool>,
    /// The sheet of all pages, on phones.
    pub pages: RwSignal<bool>,
}

impl Overlays {
    /// Provides the overlays, all closed.
    pub(super) fn provide() -> Self {
        let overlays = Self {
            palette: RwSignal::new(false),
            typed: RwSignal::new(String::new()),
            shortcuts: RwSignal::new(false),
            pages: RwSignal::new(false),
        };
        provide_context(overlays);
        overlays
    }

    pub(super) fn open_palette(&self) {
        self.typed.set(String::new());
        self.palette.set(true);
    }
}
