//! The server over HTTP: real databases, real sockets where they matter.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod access;
mod canary;
mod command_line;
mod exports;
#[path = "../gateway/mod.rs"]
mod gateway;
mod hardening;
mod live;
mod management;
mod postgres;
mod process;
mod two_servers;
mod world;
