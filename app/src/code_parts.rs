//! The parts of the dashboard's code that have been loaded, and how others are.

use std::{
    cell::{Cell, RefCell},
    future::Future,
    pin::Pin,
};

use leptos::prelude::*;

use crate::addresses::CodePart;

/// A function that makes the view of a part.
pub(crate) type PartView = fn() -> AnyView;

/// A part whose code is being fetched.
pub(crate) type PartFuture = Pin<Box<dyn Future<Output = Result<PartView, NotLoaded>>>>;

/// A function that fetches the code of a part.
pub(crate) type PartFetcher = fn(CodePart) -> PartFuture;

/// The error for code that didn't load: the server can't be reached, or was updated and no longer has it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct NotLoaded;

#[cfg(feature = "split")]
impl From<wasm_split_helpers::SplitLoaderError> for NotLoaded {
    fn from(_: wasm_split_helpers::SplitLoaderError) -> Self {
        Self
    }
}

thread_local! {
    static FETCHER: Cell<Option<PartFetcher>> = const { Cell::new(None) };
    /// The parts loaded so far.
    static VIEWS: RefCell<Vec<(CodePart, PartView)>> = const { RefCell::new(Vec::new()) };
}

/// Sets the function that fetches parts. Without it, none can be loaded.
pub(crate) fn set_fetcher(fetcher: PartFetcher) {
    FETCHER.set(Some(fetcher));
}

impl CodePart {
    /// The part's view, if its code has been loaded.
    pub(crate) fn view(self) -> Option<PartView> {
        VIEWS.with_borrow(|views| views.iter().find(|(part, _)| *part == self).map(|(_, view)| *view))
    }

    /// Shows the part. Its code has been loaded: `Location` doesn't navigate before.
    pub(crate) fn show(self) -> AnyView {
        self.view().map_or_else(|| ().into_any(), |view| view())
    }

    /// Loads the part's code, unless it has been loaded. A failed load may be repeated.
    pub(crate) async fn load(self) -> Result<PartView, NotLoaded> {
        if let Some(view) = self.view() {
            return Ok(view);
        }
        let fetch = FETCHER.get().ok_or(NotLoaded)?;
        let view = fetch(self).await?;
        if self.view().is_none() {
            VIEWS.with_borrow_mut(|views| views.push((self, view)));
        }
        Ok(view)
    }
}
