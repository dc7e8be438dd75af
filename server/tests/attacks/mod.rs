//! What a stranger, a neighbour or a careless proxy tries, and what comes of it.

mod addresses;
mod answers;
mod credentials;
mod headers;
mod proxies;
mod requests;
mod database_password;
mod session;
mod sign_up;
mod traces;
mod zeros;
