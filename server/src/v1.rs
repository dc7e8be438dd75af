//! What all routes under `/v1` share: errors, credentials, the caller, and how requests are read.

pub(crate) mod admission;
pub(crate) mod caller;
pub(crate) mod credentials;
pub(crate) mod error;
pub(crate) mod gzip;
pub(crate) mod input;
pub(crate) mod own_keys;
pub(crate) mod service_error;
