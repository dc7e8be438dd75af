//! The server: configuration, router, gateway, live updates, exports and command line.

mod answers;
pub mod cli;
pub mod config;
mod context;
mod dashboard;
mod exports;
pub mod gateway;
mod health;
pub mod hub;
mod jobs;
mod live;
pub mod management;
pub mod router;
mod security;
pub mod server_functions;
mod telemetry;
