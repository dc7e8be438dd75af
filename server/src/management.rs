//! The management API: keys and usage for programs, as in the dashboard.
//!
//! Its paths begin with `/v1/organization` and follow [OpenAI's administration
//! API](https://platform.openai.com/docs/api-reference/administration), so that its official clients work
//! with it. `docs/api-keys.md` marks everything that OpenAI doesn't have.

mod admin_keys;
mod amount;
mod bucket_page;
mod buckets;
mod costs;
mod dimensions;
mod document;
mod key_bodies;
mod key_object;
mod keys;
mod latencies;
mod leaks;
mod list;
mod media_results;
mod media_usage;
mod project_keys;
mod routes;
mod tables;
mod text_results;
mod tool_results;
mod usage;

pub(crate) use self::{document::ManagementDocument, routes::routes};
