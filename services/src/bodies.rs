//! What was said in calls: kept compressed, for as long as each organization chooses.
//!
//! Bodies are written after their call, by a writer that may fall behind and
//! then leaves some out: a call and its price never depend on them, and they
//! are never in the meter's journal.

pub mod cleanup;
mod get;
mod packed;
mod quota;
mod redact;
mod store;

pub use get::get;
pub use redact::{is_understood, redact};
pub use store::{NewBodies, store};
