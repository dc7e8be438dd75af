//! Changes to API keys: creating, editing, rotating, revoking, stopping leaked ones, and reminding owners.

pub(in crate::api_keys) mod create;
pub(in crate::api_keys) mod delegation;
pub(in crate::api_keys) mod edit;
pub(in crate::api_keys) mod lock;
pub(in crate::api_keys) mod quota;
pub(in crate::api_keys) mod recipients;
pub(in crate::api_keys) mod remind;
pub(in crate::api_keys) mod report_leaks;
pub(in crate::api_keys) mod revoke;
pub(in crate::api_keys) mod rotate;
pub(in crate::api_keys) mod secrets;
