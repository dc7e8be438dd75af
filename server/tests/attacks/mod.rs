//! Attacks by strangers, by other organizations, and through careless proxies.

mod addresses;
mod answers;
mod connections;
mod credentials;
#[cfg(unix)]
mod data_folder;
mod database_password;
mod framing;
mod guessing;
mod headers;
mod proxies;
mod requests;
mod session;
mod sharing;
mod sign_up;
mod traces;
mod wire;
mod zeros;
