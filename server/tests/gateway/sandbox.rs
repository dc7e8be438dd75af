//! The sandbox, which answers without any configuration.

mod answers;
mod chat;
mod endpoints;
mod stored;
mod tools;
