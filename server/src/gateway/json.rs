//! Reads JSON without parsing it into a tree: slices, strings, data in base64, and outlines of large documents.

pub(in crate::gateway) mod base64;
pub(in crate::gateway) mod outline;
pub(crate) mod raw;
pub(crate) mod texts;
pub(in crate::gateway) mod walk;
