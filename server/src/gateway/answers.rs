//! Reads what providers' answers mean: errors, the kinds of stream events, and the members of JSON objects.

pub(crate) mod failure;
pub(crate) mod members;
pub(crate) mod signs;
