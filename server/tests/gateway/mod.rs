//! The gateway between a real client and a real provider, which does what a test tells it to.

mod accounting;
mod anthropic;
mod bodies;
mod dialects;
mod endings;
mod endpoints;
mod endurance;
mod failing;
mod forwarding;
mod hostile;
mod keys;
mod limits;
mod objects;
mod prices;
mod references;
mod refusing;
mod routing;
mod sandbox;
mod sandbox_endpoints;
pub(crate) mod stage;
mod standing;
mod stored;
mod streaming;
mod transcriptions;
mod uploads;
pub(crate) mod upstream;
