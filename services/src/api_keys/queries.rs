//! Queries about API keys: lists, single keys, figures, hints, alerts, descendants and owners.

pub(in crate::api_keys) mod alerts;
pub(in crate::api_keys) mod conditions;
pub(in crate::api_keys) mod descendants;
pub(in crate::api_keys) mod figures;
pub(in crate::api_keys) mod get;
pub(in crate::api_keys) mod hints;
pub(in crate::api_keys) mod history;
pub(in crate::api_keys) mod list;
pub mod location;
pub(in crate::api_keys) mod owners;
pub(in crate::api_keys) mod recent_use;
pub(in crate::api_keys) mod visibility;
