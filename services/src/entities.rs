//! The tables, as SeaORM sees them. Private to the services: nothing outside
//! this crate reads or writes a row.

#![expect(unreachable_pub, reason = "what SeaORM derives is `pub`, and wants what it is derived from to be")]

pub(crate) mod api_keys;
pub(crate) mod audit_entries;
pub(crate) mod audit_heads;
pub(crate) mod bodies;
pub(crate) mod body_sums;
pub(crate) mod calls;
pub(crate) mod changes;
pub(crate) mod inboxes;
pub(crate) mod key_directory;
pub(crate) mod key_requests;
pub(crate) mod key_secrets;
pub(crate) mod key_uses;
pub(crate) mod memberships;
pub(crate) mod notifications;
pub(crate) mod organizations;
pub(crate) mod prices;
pub(crate) mod project_members;
pub(crate) mod projects;
pub(crate) mod provider_objects;
pub(crate) mod series;
pub(crate) mod sessions;
pub(crate) mod users;
