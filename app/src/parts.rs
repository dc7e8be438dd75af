//! Parts of the dashboard's code, each loaded when it is first needed.
//!
//! With the feature `split`, which releases have, `scripts/split` puts each part into files of its own.
//! Without it, as in `make dev`, the parts are in the main code and available at once.

use std::{cell::RefCell, future::Future, pin::Pin};

use leptos::prelude::*;

use crate::{addresses::CodePart, layout, pages};

/// A function that makes the view of a part.
pub(crate) type PartView = fn() -> AnyView;

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
    /// The parts loaded so far.
    static VIEWS: RefCell<Vec<(CodePart, PartView)>> = const { RefCell::new(Vec::new()) };
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
        let view = self.fetch().await?;
        if self.view().is_none() {
            VIEWS.with_borrow_mut(|views| views.push((self, view)));
        }
        Ok(view)
    }
}

/// Maps each part to a component without properties. Code that only this component uses is loaded with it.
macro_rules! parts {
    ($($variant:ident: $name:ident => $component:path,)*) => {
        impl CodePart {
            fn fetch(self) -> Pin<Box<dyn Future<Output = Result<PartView, NotLoaded>>>> {
                match self {
                    $(Self::$variant => Box::pin($name()),)*
                }
            }
        }

        $(
            #[cfg(feature = "split")]
            #[wasm_split_helpers::wasm_split($name, fallible)]
            fn $name() -> Result<PartView, NotLoaded> {
                Ok(|| $component().into_any())
            }

            #[cfg(not(feature = "split"))]
            async fn $name() -> Result<PartView, NotLoaded> {
                Ok(|| $component().into_any())
            }
        )*
    };
}

// The names are the serialized ones of `addresses::CodePart`, as in the server's list of files.
parts! {
    Account: account => pages::Account,
    ApiKey: api_key => pages::ApiKey,
    ApiKeys: api_keys => pages::ApiKeys,
    KeyCalls: key_calls => pages::KeyCalls,
    KeyDialogs: key_dialogs => pages::KeyDialogs,
    KeyHistory: key_history => pages::KeyHistory,
    Logs: logs => pages::Logs,
    Notifications: notifications => pages::Notifications,
    Overview: overview => pages::Overview,
    Palette: palette => layout::Palette,
    Settings: settings => pages::Settings,
    SignIn: sign_in => pages::SignIn,
    SignUp: sign_up => pages::SignUp,
    Usage: usage => pages::Usage,
}
