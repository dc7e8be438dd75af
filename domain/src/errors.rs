//! Errors that leave the server.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

/// Error messages of an input, by field.
#[derive(Clone, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
pub struct FieldErrors(BTreeMap<String, String>);

impl FieldErrors {
    /// One message, for one field.
    pub fn of(field: &str, message: impl Into<String>) -> Self {
        let mut errors = Self::default();
        errors.add(field, message);
        errors
    }

    /// Keeps the first message of each field.
    pub fn add(&mut self, field: &str, message: impl Into<String>) {
        self.0.entry(field.to_owned()).or_insert_with(|| message.into());
    }

    /// Returns `result`'s value, or adds its error to `field`.
    pub fn check<T>(&mut self, field: &str, result: Result<T, impl ToString>) -> Option<T> {
        result.map_err(|error| self.add(field, error.to_string())).ok()
    }

    /// The message of a field.
    pub fn get(&self, field: &str) -> Option<&str> {
        self.0.get(field).map(String::as_str)
    }

    /// Iterates over fields and their messages, by field.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        self.0.iter().map(|(field, message)| (field.as_str(), message.as_str()))
    }

    /// Whether no field has a message.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// `Ok` when there are no errors.
    pub fn into_result(self) -> Result<(), Self> {
        if self.is_empty() { Ok(()) } else { Err(self) }
    }
}

/// The error of a server function.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize, thiserror::Error)]
#[serde(tag = "code", content = "detail", rename_all = "snake_case")]
pub enum ApiError {
    /// The input is invalid; each field has a message.
    #[error("{}", first_message(.0))]
    Invalid(FieldErrors),
    /// No session, or one that has ended.
    #[error("Sign in to continue.")]
    Unauthenticated,
    /// Signed in, but without the permission.
    #[error("{0}")]
    Forbidden(String),
    /// The thing doesn't exist, or belongs to another organization.
    #[error("Not found, or you don't have access to it.")]
    NotFound,
    /// The current state doesn't allow the action (any longer).
    #[error("{0}")]
    Conflict(String),
    /// Too many attempts; the next one may be made after this time.
    #[error("Too many attempts. Try again in {}.", duration(.retry_after_seconds))]
    RateLimited { retry_after_seconds: u32 },
    /// The server failed; its log holds the cause under this reference.
    #[error("Something went wrong on the server (reference {reference}).")]
    Internal { reference: String },
    /// The server can't be reached; constructed in the browser only.
    #[error("The server can't be reached. Check the connection and try again.")]
    Offline,
}

/// A time in seconds, or from one minute on in minutes, rounded up.
fn duration(seconds: &u32) -> String {
    let (count, unit) = if *seconds < 60 { (*seconds, "second") } else { (seconds.div_ceil(60), "minute") };
    format!("{count} {unit}{}", if count == 1 { "" } else { "s" })
}

fn first_message(errors: &FieldErrors) -> &str {
    errors.iter().next().map_or("The input is invalid.", |(_, message)| message)
}

impl From<FieldErrors> for ApiError {
    fn from(errors: FieldErrors) -> Self {
        Self::Invalid(errors)
    }
}

impl ApiError {
    /// The error's HTTP status (RFC 9110).
    pub fn status(&self) -> u16 {
        match self {
            Self::Invalid(_) => 422,
            Self::Unauthenticated => 401,
            Self::Forbidden(_) => 403,
            Self::NotFound => 404,
            Self::Conflict(_) => 409,
            Self::RateLimited { .. } => 429,
            Self::Internal { .. } => 500,
            Self::Offline => 503,
        }
    }

    /// The message about `field`, if it is invalid.
    pub fn field(&self, field: &str) -> Option<&str> {
        match self {
            Self::Invalid(errors) => errors.get(field),
            _ => None,
        }
    }
}

#[cfg(feature = "server_fn")]
impl server_fn::error::FromServerFnError for ApiError {
    type Encoder = server_fn::codec::JsonEncoding;

    fn from_server_fn_error(error: server_fn::error::ServerFnErrorErr) -> Self {
        use server_fn::error::ServerFnErrorErr as E;
        match error {
            // On the server the unreadable text is an input, in the browser an answer.
            E::Args(message) | E::MissingArg(message) | E::Deserialization(message)
                if !cfg!(target_arch = "wasm32") =>
            {
                Self::Invalid(FieldErrors::of("body", message))
            }
            E::Request(_) | E::Response(_) | E::Deserialization(_) => Self::Offline,
            _ => Self::Internal { reference: "server-function".to_owned() },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_time_to_wait_is_in_seconds_or_in_whole_minutes() {
        let message = |retry_after_seconds| ApiError::RateLimited { retry_after_seconds }.to_string();
        for (seconds, text) in [(1, "1 second"), (59, "59 seconds"), (60, "1 minute"), (297, "5 minutes")] {
            assert_eq!(message(seconds), format!("Too many attempts. Try again in {text}."));
        }
    }
}
