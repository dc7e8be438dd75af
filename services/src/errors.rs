//! What can go wrong in a use case.

use domain::errors::FieldErrors;
use sea_orm::{DbErr, RuntimeErr, SqlErr, sqlx};

pub type ServiceResult<T> = Result<T, ServiceError>;

#[derive(Debug, thiserror::Error)]
pub enum ServiceError {
    #[error("the input can't be used: {0:?}")]
    Invalid(FieldErrors),
    #[error("not signed in")]
    Unauthenticated,
    #[error("{0}")]
    Forbidden(String),
    #[error("not found")]
    NotFound,
    #[error("{0}")]
    Conflict(String),
    #[error("too many attempts")]
    RateLimited { retry_after_seconds: u32 },
    /// The database is busy or out of reach: trying again may help.
    #[error("the database can't be reached or is busy: {0}")]
    Unavailable(#[source] DbErr),
    #[error("database: {0}")]
    Database(#[source] DbErr),
    #[error("{0}")]
    Internal(String),
}

impl ServiceError {
    /// [`ServiceError::Unavailable`] for a reason of our own.
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
    /// Classifies a database error: the one place where that is done.
    fn from(error: DbErr) -> Self {
        match error.sql_err() {
            Some(SqlErr::UniqueConstraintViolation(_)) => return Self::Conflict("This exists already.".to_owned()),
            Some(SqlErr::ForeignKeyConstraintViolation(_)) => {
                return Self::Conflict("This is still in use.".to_owned());
            }
            _ => {}
        }
        if is_unfit(&error) {
            return FieldErrors::of("input", "Something in it can't be stored. Check its texts and numbers.").into();
        }
        match error {
            DbErr::Conn(_) | DbErr::ConnectionAcquire(_) => Self::Unavailable(error),
            DbErr::RecordNotFound(_) => Self::NotFound,
            other if is_passing(&other) => Self::Unavailable(other),
            other => Self::Database(other),
        }
    }
}

/// Whether what was to be stored or looked for can't be: PostgreSQL's class 22, "data exception", such as a text with the
/// character U+0000. Whoever sent it has to change it.
fn is_unfit(error: &DbErr) -> bool {
    let (DbErr::Exec(RuntimeErr::SqlxError(cause)) | DbErr::Query(RuntimeErr::SqlxError(cause))) = error else {
        return false;
    };
    let sqlx::Error::Database(cause) = &**cause else { return false };
    // SQLite's own codes are shorter.
    cause.code().is_some_and(|code| code.len() == 5 && code.starts_with("22"))
}

/// Whether the same may work a moment later: the connection broke, or others were in the way.
fn is_passing(error: &DbErr) -> bool {
    let (DbErr::Exec(RuntimeErr::SqlxError(cause)) | DbErr::Query(RuntimeErr::SqlxError(cause))) = error else {
        return false;
    };
    match &**cause {
        sqlx::Error::Io(_) | sqlx::Error::PoolTimedOut | sqlx::Error::PoolClosed | sqlx::Error::WorkerCrashed => true,
        // SQLite's BUSY and LOCKED, in all their extended forms.
        sqlx::Error::Database(cause) if cause.message().contains("is locked") => true,
        // PostgreSQL's classes: no connection, rolled back by others, no resources left, shut down; and time-outs, of a
        // lock, a statement, or a transaction that did nothing for too long.
        sqlx::Error::Database(cause) => {
            let passing = ["08", "40", "53", "57P", "55P03", "57014", "25P03"];
            cause.code().is_some_and(|code| passing.iter().any(|class| code.starts_with(class)))
        }
        _ => false,
    }
}
