//! The parts that the HTTP APIs below `/v1` share: authentication, errors, input, and responses.

pub(crate) mod caller;
pub(crate) mod credentials;
pub(crate) mod dialect;
pub(crate) mod error;
pub(crate) mod gzip;
pub(crate) mod input;
pub(crate) mod own_keys;
pub(crate) mod parameters;
pub(crate) mod respond;
pub(crate) mod routes;
mod service_error;
pub mod state;
