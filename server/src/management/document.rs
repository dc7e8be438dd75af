//! The management API's part of the OpenAPI document.

use utoipa::OpenApi;

use super::{admin_keys, costs, key_bodies::RotateKeyBody, leaks, media_usage, project_keys, usage};

#[derive(OpenApi)]
#[openapi(
    paths(
        admin_keys::list,
        admin_keys::create,
        admin_keys::retrieve,
        admin_keys::modify,
        admin_keys::revoke,
        admin_keys::descendants,
        admin_keys::rotate,
        admin_keys::set_grace,
        project_keys::list,
        project_keys::create,
        project_keys::retrieve,
        project_keys::modify,
        project_keys::revoke,
        project_keys::rotate,
        project_keys::set_grace,
        usage::completions,
        usage::embeddings,
        usage::moderations,
        usage::decisions,
        usage::web_search_calls,
        usage::file_search_calls,
        usage::vector_stores,
        usage::code_interpreter_sessions,
        media_usage::images,
        media_usage::audio_speeches,
        media_usage::audio_transcriptions,
        media_usage::videos,
        media_usage::latencies,
        costs::costs,
        leaks::report,
    ),
    // Operations take it optionally, so that they refer to it by its name.
    components(schemas(RotateKeyBody)),
    tags(
        (name = "Admin keys", description = "Keys of the organization, which create and manage other keys."),
        (name = "Project keys", description = "Keys of projects, which call models or read usage."),
        (name = "Usage", description = "Calls, their quantities and costs by minutes, hours or days of UTC."),
        (name = "Leaks", description = "Reports of leaked secrets."),
    )
)]
pub(crate) struct ManagementDocument;
