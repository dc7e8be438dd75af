//! What a stranger, a neighbour or a careless proxy tries, and what comes of it.

mod session;
mod sign_up;
mod traces;
