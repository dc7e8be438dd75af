//! The use cases on real databases: each test on SQLite and on PostgreSQL, each with a database of its own.
//!
//! PostgreSQL comes from `scripts/with-postgres cargo test -p services`.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

#[macro_use]
mod support;

mod accounts;
mod acting;
mod api_keys;
mod audit;
mod bodies;
mod calls;
mod changes;
mod credentials;
mod database;
mod demo;
mod events;
mod isolation;
mod key_directory;
mod key_history;
mod key_list;
mod key_uses;
mod metering;
mod migrations;
mod models;
mod names;
mod notifications;
mod objects;
mod organizations;
mod overview;
mod plans;
mod rate_limits;
mod sessions;
mod usage;
