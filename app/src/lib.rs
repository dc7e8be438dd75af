//! The dashboard: the server functions of [`api`], the addresses of its pages, and
//! in a browser (`csr`) those pages, their components and routes.

// `#[component]` keeps the visibility of its function, and many are `pub` in private modules.
#![cfg_attr(feature = "csr", allow(unreachable_pub))]

pub mod addresses;
pub mod api;
pub mod boot;
#[cfg(feature = "csr")]
mod code_parts;
#[cfg(feature = "chart")]
pub mod components;
#[cfg(feature = "csr")]
mod layout;
#[cfg(feature = "csr")]
mod lean;
#[cfg(feature = "csr")]
mod pages;
#[cfg(feature = "csr")]
mod parts;
#[cfg(feature = "csr")]
mod routes;
#[cfg(feature = "csr")]
pub mod state;

#[cfg(feature = "csr")]
pub use routes::mount;
