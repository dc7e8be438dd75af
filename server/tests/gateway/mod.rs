//! Tests of the gateway between a real client and a provider that each test controls.

mod accounting;
mod anthropic;
mod bodies;
mod client_habits;
mod dialects;
mod endings;
mod endpoints;
mod endurance;
mod failing;
mod forwarding;
mod hostile;
mod keys;
mod limit_headers;
mod limits;
mod models;
mod prices;
mod provider_objects;
mod references;
mod rejections;
mod routing;
mod sandbox;
pub(crate) mod stage;
mod stored_answers;
mod streaming;
mod transcriptions;
mod uploads;
pub(crate) mod upstream;
