//! Tests of the use cases on real databases: each runs on SQLite and on PostgreSQL, with a database of its
//! own.
//!
//! PostgreSQL comes from `scripts/with-postgres cargo test -p services`.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

#[macro_use]
mod support;

mod accounts;
mod api_keys;
mod audit;
mod audited_change;
mod background_migrations;
mod bodies;
mod breakdown;
mod calls;
mod changes;
mod credentials;
mod database;
mod demo;
mod distribution;
mod events;
mod exports;
mod filters;
mod isolation;
mod jobs;
mod key_directory;
mod key_history;
mod key_list;
mod key_uses;
mod member_settings;
mod metering;
mod migrations;
mod models;
mod names;
mod notifications;
mod organizations;
mod overview;
mod plans;
mod provider_objects;
mod rate_limits;
mod saved_views;
mod schema;
mod sealed_secrets;
mod sessions;
mod tags;
mod usage;
mod usage_model_keys;
