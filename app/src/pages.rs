//! The pages. Each owns its queries and submissions.

mod account;
mod api_keys;
mod chart_table;
mod export;
mod logs;
mod notifications;
mod overview;
mod saved_views;
mod settings;
mod sign_in;
mod sign_up;
mod usage;

pub(crate) use account::Account;
pub(crate) use api_keys::{ApiKey, ApiKeys, KeyCalls, KeyDialogs, KeyHistory};
pub(crate) use chart_table::ChartTableContent;
pub(crate) use export::ExportDialog;
pub(crate) use logs::{
    BodyDeletionDialog, CallContent, CallConversation, CallPage, LogColumnsDialog, Logs, ReplayCode, SuggestedTerms,
};
pub(crate) use notifications::Notifications;
pub(crate) use overview::{FirstStepsContent, Overview};
pub(crate) use saved_views::SavedViewsDialog;
pub(crate) use settings::{BodiesQuestion, Settings};
pub(crate) use sign_in::SignIn;
pub(crate) use sign_up::SignUp;
pub(crate) use usage::{ChartPicture, CustomRangeDialog, TagDialogContent, TokenTable, Usage, UsageFilters};
