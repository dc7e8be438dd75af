//! Parts of the dashboard's code, each loaded when it is first needed.
//!
//! With the feature `split`, which releases have, `scripts/split` puts each part into files of its own.
//! Without it, as in `make dev`, the parts are in the main code and available at once.

use leptos::prelude::*;

use crate::{
    addresses::{CallAddress, CodePart, KeyAddress, KeysAddress, LogsAddress, NotificationsAddress, UsageAddress},
    code_parts::{NotLoaded, PartFuture, PartView},
    layout::{self, show_checked},
    pages,
};

/// Maps each part to a component without properties. Code that only this component uses is loaded with it. In
/// brackets is the check of the page's address.
macro_rules! parts {
    ($($variant:ident: $name:ident => $component:path $([$invalid:path])?,)*) => {
        /// Fetches a part's code, or takes it from the main code.
        pub(crate) fn fetch(part: CodePart) -> PartFuture {
            match part {
                $(CodePart::$variant => Box::pin($name()),)*
            }
        }

        $(
            #[cfg(feature = "split")]
            #[wasm_split_helpers::wasm_split($name, fallible)]
            fn $name() -> Result<PartView, NotLoaded> {
                Ok(|| view_of!($component $(, $invalid)?))
            }

            #[cfg(not(feature = "split"))]
            async fn $name() -> Result<PartView, NotLoaded> {
                Ok(|| view_of!($component $(, $invalid)?))
            }
        )*
    };
}

/// The view of a component, checked if there is a check.
macro_rules! view_of {
    ($component:path) => {
        $component().into_any()
    };
    ($component:path, $invalid:path) => {
        show_checked($invalid, || $component().into_any())
    };
}

// The names are the serialized ones of `addresses::CodePart`, as in the server's list of files.
parts! {
    Account: account => pages::Account,
    ApiKey: api_key => pages::ApiKey [KeyAddress::invalid],
    ApiKeys: api_keys => pages::ApiKeys [KeysAddress::invalid],
    BodyDeletion: body_deletion => pages::BodyDeletionDialog,
    Call: call => pages::CallPage [CallAddress::invalid],
    CallConversation: call_conversation => pages::CallConversation,
    CallDetails: call_details => pages::CallContent,
    CallReplay: call_replay => pages::ReplayCode,
    ChartPicture: chart_picture => pages::ChartPicture,
    ChartTable: chart_table => pages::ChartTableContent,
    CustomRange: custom_range => pages::CustomRangeDialog,
    ExportDialog: export_dialog => pages::ExportDialog,
    FirstSteps: first_steps => pages::FirstStepsContent,
    InboxList: inbox_list => layout::LatestNotifications,
    KeyCalls: key_calls => pages::KeyCalls,
    KeyDialogs: key_dialogs => pages::KeyDialogs,
    KeyHistory: key_history => pages::KeyHistory,
    LogColumns: log_columns => pages::LogColumnsDialog,
    Logs: logs => pages::Logs [LogsAddress::invalid],
    Notifications: notifications => pages::Notifications [NotificationsAddress::invalid],
    Overlays: overlays => layout::OverlayViews,
    Overview: overview => pages::Overview,
    SavedViews: saved_views => pages::SavedViewsDialog,
    Settings: settings => pages::Settings,
    SignIn: sign_in => pages::SignIn,
    SignUp: sign_up => pages::SignUp,
    SuggestedTerms: suggested_terms => pages::SuggestedTerms,
    TagDialog: tag_dialog => pages::TagDialogContent,
    TokenTable: token_table => pages::TokenTable,
    Usage: usage => pages::Usage [UsageAddress::invalid],
    UsageFilters: usage_filters => pages::UsageFilters,
}
