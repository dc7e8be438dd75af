//! The server: configuration, router, gateway, live updates, exports and command line.

mod answers;
mod checks;
pub mod cli;
pub mod config;
pub mod connections;
mod context;
pub mod dashboard;
mod events;
mod exports;
pub mod gateway;
mod health;
pub mod hub;
mod jobs;
mod live;
pub mod management;
mod metrics;
mod reload;
pub mod router;
mod security;
pub mod server_functions;
mod telemetry;
pub(crate) mod v1;
