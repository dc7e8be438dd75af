//! Tests of the server over HTTP, with real databases, and real sockets where they matter.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod asvs;
#[path = "../attacks/mod.rs"]
mod attacks;
mod body_files;
mod browsers;
mod canary;
mod clients;
mod command_line;
mod crash;
mod exports;
#[path = "../gateway/mod.rs"]
mod gateway;
mod hardening;
mod isolation;
mod live;
mod management;
mod observability;
mod openapi;
mod outgoing;
mod pages;
mod postgres;
mod postgres_tls;
mod prices;
mod process;
mod queries;
mod reload;
mod two_servers;
mod world;
