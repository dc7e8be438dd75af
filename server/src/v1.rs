//! The parts that the HTTP APIs below `/v1` share: authentication, errors, and input.

pub(crate) mod admission;
pub(crate) mod caller;
pub(crate) mod credentials;
pub(crate) mod error;
pub(crate) mod gzip;
pub(crate) mod input;
pub(crate) mod own_keys;
pub(crate) mod service_error;
