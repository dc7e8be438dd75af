//! Errors of use cases.

use domain::errors::FieldErrors;
use sea_orm::{DbErr, RuntimeErr, SqlErr, sqlx};

/// The result of a use case.
pub type ServiceResult<T> = Result<T, ServiceError>;

/// The error of a use case.
#[derive(Debug, thiserror::Error)]
pub enum ServiceError {
    /// The input is invalid; each field has a message.
    #[error("the input can't be used: {0:?}")]
    Invalid(FieldErrors),
    /// No session, or one that has ended.
    #[error("not signed in")]
    Unauthenticated,
    /// The actor may not do this; holds the message for them.
    #[error("{0}")]
    Forbidden(String),
    /// The thing doesn't exist, or belongs to another organization.
    #[error("not found")]
    NotFound,
    /// The current state doesn't allow the action (any longer); holds the message for the actor.
    #[error("{0}")]
    Conflict(String),
    /// Too many attempts; the next one may be made after this time.
    #[error("too many attempts")]
    RateLimited { retry_after_seconds: u32 },
    /// The database is busy or unreachable; a retry may succeed.
    #[error("the database can't be reached or is busy: {0}")]
    Unavailable(#[source] DbErr),
    /// The database failed in another way.
    #[error("database: {0}")]
    Database(#[source] DbErr),
    /// An unexpected failure; holds a text for the log, which callers never see.
    #[error("{0}")]
    Internal(String),
}

impl ServiceError {
    /// [`ServiceError::Unavailable`] for a reason other than a database error.
    pub(crate) fn unavailable(reason: impl Into<String>) -> Self {
        Self::Unavailable(DbErr::Custom(reason.into()))
    }
}

impl From<FieldErrors> for ServiceError {
    fn from(errors: FieldErrors) -> Self {
        Self::Invalid(errors)
    }
}

impl From<DbErr> for ServiceError {
    /// Classifies a database error; no other code does.
    fn from(error: DbErr) -> Self {
        match error.sql_err() {
            Some(SqlErr::UniqueConstraintViolation(_)) => return Self::Conflict("This already exists.".to_owned()),
            Some(SqlErr::ForeignKeyConstraintViolation(_)) => {
                return Self::Conflict("This is still in use.".to_owned());
            }
            _ => {}
        }
        if is_invalid_data(&error) {
            return FieldErrors::of("input", "A value can't be stored. Check texts and numbers.").into();
        }
        match error {
            DbErr::Conn(_) | DbErr::ConnectionAcquire(_) => Self::Unavailable(error),
            DbErr::RecordNotFound(_) => Self::NotFound,
            other if is_transient(&other) => Self::Unavailable(other),
            other => Self::Database(other),
        }
    }
}

/// Whether the database can't represent the given values, so that the client has to change them: PostgreSQL's
/// class 22, "data exception", such as a text with the character U+0000.
fn is_invalid_data(error: &DbErr) -> bool {
    let (DbErr::Exec(RuntimeErr::SqlxError(cause)) | DbErr::Query(RuntimeErr::SqlxError(cause))) = error else {
        return false;
    };
    let sqlx::Error::Database(cause) = &**cause else { return false };
    // SQLite's codes are shorter.
    cause.code().is_some_and(|code| code.len() == 5 && code.starts_with("22"))
}

/// Whether a retry may succeed: the connection broke, or other transactions were in the way.
fn is_transient(error: &DbErr) -> bool {
    let (DbErr::Exec(RuntimeErr::SqlxError(cause)) | DbErr::Query(RuntimeErr::SqlxError(cause))) = error else {
        return false;
    };
    match &**cause {
        sqlx::Error::Io(_) | sqlx::Error::PoolTimedOut | sqlx::Error::PoolClosed | sqlx::Error::WorkerCrashed => true,
        // SQLite's BUSY and LOCKED with their extended codes.
        sqlx::Error::Database(cause) if cause.message().contains("is locked") => true,
        // PostgreSQL's classes for connection errors, rollbacks by others, exhausted resources and shutdown;
        // and timeouts of a lock, a statement, or an idle transaction.
        sqlx::Error::Database(cause) => {
            let transient = ["08", "40", "53", "57P", "55P03", "57014", "25P03"];
            cause.code().is_some_and(|code| transient.iter().any(|class| code.starts_with(class)))
        }
        _ => false,
    }
}
