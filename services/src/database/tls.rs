//! Advice where a TLS connection to PostgreSQL fails.

use std::io::ErrorKind;

use domain::errors::FieldErrors;
use sea_orm::{
    DbErr, RuntimeErr,
    sqlx::{self, postgres::PgSslMode},
};

use crate::ServiceError;

/// Turns the error of a first connection into one that says which `sslmode` helps, if TLS is its reason.
///
/// Unlike libpq, sqlx doesn't connect without encryption where TLS fails with `sslmode=prefer`.
pub(super) fn explain(error: DbErr, mode: PgSslMode) -> ServiceError {
    match failure(&error) {
        Some(failure) => FieldErrors::of("DATABASE_URL", format!("{failure}. {}", advice(mode))).into(),
        None => error.into(),
    }
}

/// Describes how TLS failed, if that is the error.
fn failure(error: &DbErr) -> Option<String> {
    let DbErr::Conn(RuntimeErr::SqlxError(cause)) = error else { return None };
    match &**cause {
        // Rustls' errors, such as of a certificate, come as invalid data; errors of the network come as other kinds.
        sqlx::Error::Io(error) if error.kind() == ErrorKind::InvalidData => {
            Some(format!("The database can't be reached over TLS: {error}"))
        }
        sqlx::Error::Tls(error) => Some(format!("The database can't be reached over TLS: {error}")),
        _ => None,
    }
}

const fn advice(mode: PgSslMode) -> &'static str {
    match mode {
        PgSslMode::VerifyCa | PgSslMode::VerifyFull => {
            "sslrootcert=FILE names the authority that issued the server's certificate; sslmode=verify-ca ignores the host \
             in it, and sslmode=require accepts any certificate that can be read."
        }
        PgSslMode::Disable | PgSslMode::Allow | PgSslMode::Prefer | PgSslMode::Require => {
            "Any certificate is accepted that can be read: one of X.509 version 3 without unknown critical extensions. \
             sslmode=disable connects without encryption: only for a server on this machine or a network of its own."
        }
    }
}

#[cfg(test)]
mod tests {
    use std::{io, sync::Arc};

    use super::*;

    fn explained(error: sqlx::Error, mode: PgSslMode) -> Option<String> {
        match explain(DbErr::Conn(RuntimeErr::SqlxError(Arc::new(error))), mode) {
            ServiceError::Invalid(fields) => fields.get("DATABASE_URL").map(str::to_owned),
            _ => None,
        }
    }

    #[test]
    fn each_mode_has_advice_that_names_another_one() {
        for (mode, other) in [
            (PgSslMode::Prefer, "sslmode=disable"),
            (PgSslMode::Require, "sslmode=disable"),
            (PgSslMode::VerifyCa, "sslmode=require"),
            (PgSslMode::VerifyFull, "sslmode=verify-ca"),
        ] {
            let unreadable = io::Error::new(ErrorKind::InvalidData, "invalid peer certificate");
            let message = explained(sqlx::Error::Io(unreadable), mode).unwrap();
            assert!(message.contains("invalid peer certificate. ") && message.contains(other), "{message}");
            let message = explained(sqlx::Error::Tls("server does not support TLS".into()), mode).unwrap();
            assert!(message.contains("does not support TLS"), "{message}");
        }
    }

    #[test]
    fn a_database_that_cannot_be_reached_gets_no_advice_on_tls() {
        let refused = io::Error::from(ErrorKind::ConnectionRefused);
        assert_eq!(explained(sqlx::Error::Io(refused), PgSslMode::Prefer), None);
        assert_eq!(explained(sqlx::Error::PoolTimedOut, PgSslMode::Prefer), None);
    }
}
