//! Keeps what is said in calls, where their organization wants it.
//!
//! A copy of what passes is taken at the gateway's edge: of the request as the
//! client sent it, of the answer as the client received it. When the call is
//! over the copy goes to a writer of its own. Nothing waits for that: where the
//! copies would take too much memory, or the writer can't keep up, bodies are
//! left out and counted, and calls go on.

mod assemble;
mod capture;
mod redact;
mod tee;
mod writer;

pub(super) use capture::Capture;
pub(super) use writer::Writer;
