//! Converts the services' errors to OpenAI's form.

use domain::errors::{ApiError, FieldErrors};
use services::ServiceError;

use super::error::V1Error;

impl From<ServiceError> for V1Error {
    fn from(error: ServiceError) -> Self {
        match error {
            ServiceError::Unavailable(cause) => {
                tracing::error!(error = %cause, "the management API can't reach the database");
                Self::unavailable()
            }
            other => app::api::context::public_error(other).into(),
        }
    }
}

impl From<ApiError> for V1Error {
    fn from(error: ApiError) -> Self {
        match error {
            ApiError::Invalid(fields) => fields.into(),
            ApiError::Unauthenticated => Self::key("Incorrect API key. Check that you copied all of it."),
            ApiError::Forbidden(message) => Self::insufficient_permissions(message),
            ApiError::NotFound => Self::not_found(),
            ApiError::Conflict(message) => Self::conflict(message),
            ApiError::RateLimited { retry_after_seconds } => Self::too_fast(retry_after_seconds.into()),
            error @ (ApiError::Internal { .. } | ApiError::Offline) => Self::internal_as(error.to_string()),
        }
    }
}

impl From<FieldErrors> for V1Error {
    /// Converts the first field's error, since OpenAI's form has room for one, under the
    /// field's name in this API.
    fn from(errors: FieldErrors) -> Self {
        match errors.iter().next() {
            Some(("life", message)) => Self::invalid("expires_in_seconds", message.to_owned()),
            Some((field, message)) => Self::invalid(field.to_owned(), message.to_owned()),
            None => Self::malformed("The input is invalid."),
        }
    }
}
