//! Stores the bodies of calls, if their organization wants it.
//!
//! Bodies are copied at the gateway's edge: the request as the client sent it, the answer as the client
//! received it. When the call is over, the copies go to a background writer. No call waits for it: if the
//! copies would take too much memory, or the writer can't keep up, bodies are dropped and counted.

mod assemble;
mod capture;
mod captured;
mod exclusion;
mod redact;
mod tee;
mod writer;

pub(super) use capture::Capture;
pub(super) use exclusion::find_exclusion;
pub(super) use writer::BodyWriter;
