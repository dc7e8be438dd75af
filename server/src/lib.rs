//! The server: configuration, router, gateway, live updates, exports and command line.

mod checks;
pub mod cli;
mod client_ip;
pub mod config;
pub mod connections;
mod context;
pub mod dashboard;
mod events;
mod exports;
mod feeds;
pub mod gateway;
mod header_policy;
pub mod hub;
mod jobs;
mod live;
mod loopback;
mod management;
mod metrics;
mod monitors;
pub mod openapi;
mod reload;
pub mod router;
mod security;
pub mod server_functions;
mod telemetry;
pub mod v1;
mod zeros;
