//! Request and response bodies of calls, stored compressed for a time that each organization chooses.
//!
//! Bodies are written after their call, by a writer that drops some when it falls behind: a call and its
//! price never depend on them, and they are never in the meter's journal.

pub mod cleanup;
mod conversation;
mod delete;
mod elision;
mod file;
mod get;
mod media;
mod packed;
mod quota;
mod redact;
mod store;
mod strings;
mod text_search;
mod view;

pub use delete::delete;
pub use file::{MediaFile, media, text};
pub use get::get;
pub use redact::{is_understood, redact};
pub use store::{NewBodies, store};
pub(crate) use text_search::TextSearch;
pub use view::{conversation, view};
