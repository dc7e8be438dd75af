//! Ids, types, validation, permissions, money and time arithmetic, and public errors, shared by server and
//! dashboard.
//!
//! Everything here compiles to WebAssembly and does no input or output.

pub mod accounts;
pub mod api_keys;
pub mod audit;
pub mod bodies;
pub mod bytes;
pub mod calls;
mod choices;
pub mod errors;
pub mod exports;
pub mod ids;
pub mod models;
pub mod money;
pub mod notifications;
#[cfg(feature = "openapi")]
mod openapi;
pub mod organizations;
mod outcomes;
pub mod overview;
pub mod permissions;
pub mod projects;
pub mod rate_limits;
pub mod saved_views;
mod text;
pub mod time;
pub mod usage;
pub mod validation;
