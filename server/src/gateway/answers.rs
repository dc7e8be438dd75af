//! Reads the meaning of providers' answers: errors, kinds of stream events, and members of JSON objects.

pub(crate) mod failure;
pub(crate) mod members;
pub(crate) mod signs;
