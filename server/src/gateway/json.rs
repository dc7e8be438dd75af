//! Reads JSON without parsing it into a tree: slices, strings, and outlines of large documents.

pub(in crate::gateway) mod outline;
pub(crate) mod raw;
pub(crate) mod texts;
pub(in crate::gateway) mod walk;
