//! Questions that other gateways ask about keys: `POST /v1/keys/verify`, and `/v1/authz` for proxies that ask about each
//! request before they let it through. `docs/authz.md` describes both.
//!
//! Whoever asks has an admin key, and is told of keys of their own organization only: another's is answered like one that
//! never was.

pub(crate) mod authz;
mod key_check;
pub(crate) mod verify;
