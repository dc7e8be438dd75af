//! The gateway between a real client and a real provider, which does what a test tells it to.

mod accounting;
mod failing;
mod forwarding;
mod hostile;
mod keys;
mod refusing;
mod sandbox;
mod stage;
mod streaming;
mod upstream;
