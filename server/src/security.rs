//! Protection of the dashboard: origins, headers and client addresses.

pub(crate) mod client_ip;
pub(crate) mod events;
mod headers;
mod origin;
pub(crate) mod zeros;

pub(crate) use headers::{add as add_headers, content_security_policy};
pub(crate) use origin::{guard as guard_origin, is_same_origin};
