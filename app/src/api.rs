//! Server functions of the dashboard: one for each request, at a fixed path.

pub mod accounts;
pub mod api_keys;
pub mod bodies;
pub mod calls;
#[cfg(feature = "ssr")]
pub mod context;
pub mod exports;
pub mod members;
pub mod models;
pub mod notifications;
pub mod organizations;
pub mod overview;
pub mod projects;
pub mod rate_limits;
pub mod saved_views;
pub mod usage;
