//! Relays answers to clients: whole JSON answers, streams of events, and binary bodies.

pub(in crate::gateway) mod binary;
pub(crate) mod body;
pub(crate) mod client;
pub(in crate::gateway) mod events;
pub(in crate::gateway) mod json;
pub(crate) mod shape;
