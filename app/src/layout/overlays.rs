//! What can be open above a page: the palette, the list of shortcuts, and on phones the sheets of the frame.

use leptos::prelude::*;

use crate::addresses::Page;

/// Overlays that can be open above the page.
#[derive(Clone, Copy)]
pub(super) struct Overlays {
    /// The page below.
    pub page: Memo<Option<Page>>,
    pub palette: RwSignal<bool>,
    /// Text typed into the palette since it was opened, even before its code has been loaded.
    pub typed: RwSignal<String>,
    pub shortcuts: RwSignal<bool>,
    /// The sheet of all pages, on phones.
    pub pages: RwSignal<bool>,
    /// The sheet of organizations and projects, on phones.
    pub switcher: RwSignal<bool>,
}

impl Overlays {
    /// Provides the overlays, all closed, above `page`.
    pub(super) fn provide(page: Memo<Option<Page>>) -> Self {
        let overlays = Self {
            page,
            palette: RwSignal::new(false),
            typed: RwSignal::new(String::new()),
            shortcuts: RwSignal::new(false),
            pages: RwSignal::new(false),
            switcher: RwSignal::new(false),
        };
        provide_context(overlays);
        overlays
    }

    pub(super) fn open_palette(&self) {
        self.typed.set(String::new());
        self.palette.set(true);
    }

    pub(super) fn are_wanted(&self) -> bool {
        self.all().iter().any(|open| open.get())
    }

    pub(super) fn close(&self) {
        self.all().iter().for_each(|open| open.set(false));
    }

    const fn all(&self) -> [RwSignal<bool>; 4] {
        [self.palette, self.shortcuts, self.pages, self.switcher]
    }
}
