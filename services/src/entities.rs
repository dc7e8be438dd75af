//! SeaORM entities of the tables. Private to this crate: nothing outside it reads or writes a row.

#![expect(unreachable_pub, reason = "SeaORM's derived items are `pub` and require `pub` inputs")]

pub(crate) mod api_keys;
pub(crate) mod audit_entries;
pub(crate) mod audit_heads;
pub(crate) mod background_migrations;
pub(crate) mod bodies;
pub(crate) mod body_sums;
pub(crate) mod calls;
pub(crate) mod changes;
pub(crate) mod client_requests;
pub(crate) mod ended_sessions;
pub(crate) mod export_chunks;
pub(crate) mod exports;
pub(crate) mod inboxes;
pub(crate) mod installation;
pub(crate) mod jobs;
pub(crate) mod journals;
pub(crate) mod key_directory;
pub(crate) mod key_requests;
pub(crate) mod key_secrets;
pub(crate) mod key_uses;
pub(crate) mod member_settings;
pub(crate) mod memberships;
pub(crate) mod notifications;
pub(crate) mod organizations;
pub(crate) mod prices;
pub(crate) mod project_members;
pub(crate) mod projects;
pub(crate) mod provider_objects;
pub(crate) mod saved_views;
pub(crate) mod sealed_secrets;
pub(crate) mod series;
pub(crate) mod sessions;
pub(crate) mod users;
