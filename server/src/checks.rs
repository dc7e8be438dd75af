//! Checks of keys for other gateways: `POST /v1/keys/verify`, and `/v1/authz` for proxies that check each
//! request before they let it through. `docs/authz.md` describes both.
//!
//! The caller has an admin key and learns of keys of its own organization only: another organization's key
//! gets the answer for an unknown one.

pub(crate) mod authz;
mod key_check;
pub(crate) mod verify;
