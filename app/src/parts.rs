//! Parts of the dashboard's code, each of which comes when it is first needed.
//!
//! With the feature `split`, as the dashboard is released, `scripts/split` puts each into files of its own. Without it,
//! as `make dev` builds, they are with everything else, and there at once.

use std::{cell::RefCell, future::Future, pin::Pin};

use leptos::prelude::*;

use crate::{addresses::Part, layout, pages};

/// Makes what a part shows.
pub(crate) type View = fn() -> AnyView;

/// A part's code didn't come: the server can't be reached, or was updated and has it no more.
#[derive(Clone, Copy, Debug)]
pub(crate) struct NotLoaded;

#[cfg(feature = "split")]
impl From<wasm_split_helpers::SplitLoaderError> for NotLoaded {
    fn from(_: wasm_split_helpers::SplitLoaderError) -> Self {
        Self
    }
}

thread_local! {
    /// The parts that have come.
    static VIEWS: RefCell<Vec<(Part, View)>> = const { RefCell::new(Vec::new()) };
}

impl Part {
    /// What it shows, if its code has come.
    pub(crate) fn view(self) -> Option<View> {
        VIEWS.with_borrow(|views| views.iter().find(|(part, _)| *part == self).map(|(_, view)| *view))
    }

    /// Shows it. The code has come: `Location` takes no step before it has.
    pub(crate) fn show(self) -> AnyView {
        self.view().map_or_else(|| ().into_any(), |view| view())
    }

    /// Gets its code, unless it has come. What failed may be tried again.
    pub(crate) async fn load(self) -> Result<View, NotLoaded> {
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

/// Says what is in each part: a component without properties. Everything that only it uses comes with it.
macro_rules! parts {
    ($($Part:ident: $name:ident => $component:path,)*) => {
        impl Part {
            fn fetch(self) -> Pin<Box<dyn Future<Output = Result<View, NotLoaded>>>> {
                match self {
                    $(Self::$Part => Box::pin($name()),)*
                }
            }
        }

        $(
            #[cfg(feature = "split")]
            #[wasm_split_helpers::wasm_split($name, fallible)]
            fn $name() -> Result<View, NotLoaded> {
                Ok(|| $component().into_any())
            }

            #[cfg(not(feature = "split"))]
            async fn $name() -> Result<View, NotLoaded> {
                Ok(|| $component().into_any())
            }
        )*
    };
}

// The names are those of `addresses::Part` in the server's list of files.
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
