//! The error responses of operations, by what the operations take.

use axum::http::StatusCode;
use utoipa::{
    ToSchema,
    openapi::{
        ContentBuilder, HeaderBuilder, OpenApi, Ref, ResponseBuilder, Type,
        path::{Operation, PathItem},
        schema::ObjectBuilder,
    },
};

use crate::v1::error::ErrorDocument;

/// Statuses of errors with the names and descriptions of their responses.
const ERRORS: [(StatusCode, &str, &str); 9] = [
    (StatusCode::BAD_REQUEST, "BadRequest", "The request is invalid; `param` and `message` say where."),
    (
        StatusCode::UNAUTHORIZED,
        "Unauthorized",
        "The key is missing or unknown, or it was revoked, disabled, or has expired.",
    ),
    (StatusCode::FORBIDDEN, "Forbidden", "The key isn't allowed to do this; `code` and `message` say why."),
    (StatusCode::NOT_FOUND, "NotFound", "There is nothing with this id, or the key can't see it."),
    (StatusCode::PAYLOAD_TOO_LARGE, "TooLarge", "The body is too large."),
    (
        StatusCode::UNSUPPORTED_MEDIA_TYPE,
        "UnsupportedMediaType",
        "The body has a type or encoding that isn't accepted.",
    ),
    (StatusCode::TOO_MANY_REQUESTS, "TooManyRequests", "There were too many requests. Try again later."),
    (StatusCode::INTERNAL_SERVER_ERROR, "InternalError", "The request failed by a defect of the server."),
    (StatusCode::SERVICE_UNAVAILABLE, "Unavailable", "The database can't be reached. Try again later."),
];

/// Adds error responses to every operation, except for statuses that it describes itself.
pub(super) fn add_responses(document: &mut OpenApi) {
    for (path, item) in &mut document.paths.paths {
        for operation in operations(item) {
            for (status, name, _) in ERRORS {
                if is_possible(status, path, operation) {
                    let responses = &mut operation.responses.responses;
                    responses.entry(status.as_str().to_owned()).or_insert(Ref::from_response_name(name).into());
                }
            }
        }
    }
    let components = document.components.get_or_insert_default();
    for (status, name, description) in ERRORS {
        let content = ContentBuilder::new().schema(Some(Ref::from_schema_name(ErrorDocument::name()))).build();
        let response = ResponseBuilder::new().description(description).content("application/json", content);
        let response = if status == StatusCode::TOO_MANY_REQUESTS {
            let seconds = ObjectBuilder::new().schema_type(Type::Integer).build();
            let header = HeaderBuilder::new().description(Some("Seconds after which to try again.")).schema(seconds);
            response.header("Retry-After", header.build())
        } else {
            response
        };
        components.responses.insert(name.to_owned(), response.build().into());
    }
}

fn operations(item: &mut PathItem) -> impl Iterator<Item = &mut Operation> {
    [&mut item.get, &mut item.put, &mut item.post, &mut item.delete, &mut item.patch].into_iter().flatten()
}

/// Whether `operation` at `path` may answer with this status.
fn is_possible(status: StatusCode, path: &str, operation: &Operation) -> bool {
    match status {
        StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN => operation.security.is_some(),
        StatusCode::NOT_FOUND => path.contains('{'),
        StatusCode::PAYLOAD_TOO_LARGE | StatusCode::UNSUPPORTED_MEDIA_TYPE => operation.request_body.is_some(),
        _ => true,
    }
}
