//! Protection of the dashboard: origins, headers, and a record of refusals.

pub(crate) mod events;
mod headers;
mod origin;

pub(crate) use headers::{add as add_headers, content_security_policy};
pub(crate) use origin::{guard as guard_origin, is_same_origin};
