//! The management API: keys and usage for programs, as in the dashboard.
//!
//! Its paths begin with `/v1/organization` and follow [OpenAI's administration
//! API](https://platform.openai.com/docs/api-reference/administration), so that its official clients work
//! with it. `docs/api-keys.md` marks everything that OpenAI doesn't have.

mod admin_keys;
mod buckets;
mod costs;
mod document;
mod key_bodies;
mod key_object;
mod keys;
mod leaks;
mod list;
mod project_keys;
mod routes;
mod usage;

pub(crate) use self::{document::ManagementDocument, routes::routes};
