//! Rows of exports as their members see them.

use std::str::FromStr;

use domain::{
    exports::{Export, ExportSource, ExportState},
    ids::{ExportId, UserId},
    time::Timestamp,
};

use crate::{Actor, ServiceError, ServiceResult, entities::exports};

/// The member whose exports are the actor's: keys and the command line have none.
pub(super) fn member(actor: &Actor) -> ServiceResult<UserId> {
    actor.user_id().ok_or_else(|| ServiceError::Forbidden("Only a member has exports.".to_owned()))
}

/// The data that a row's file holds.
pub(super) fn source(row: &exports::Model) -> ServiceResult<ExportSource> {
    parse(&row.source)
}

/// The state of a row.
pub(super) fn state(row: &exports::Model) -> ServiceResult<ExportState> {
    parse(&row.state)
}

pub(super) fn to_export(row: exports::Model) -> ServiceResult<Export> {
    let (source, state) = (source(&row)?, state(&row)?);
    Ok(Export {
        id: ExportId::new(row.id),
        source,
        format: parse(&row.format)?,
        state,
        rows: row.rows.unsigned_abs(),
        expected_rows: row.expected_rows.map(i64::unsigned_abs),
        bytes: row.bytes.unsigned_abs(),
        created_at: Timestamp::from_millis(row.created_at),
        expires_at: (state == ExportState::Ready).then(|| Timestamp::from_millis(row.expires_at)),
        error: row.error,
    })
}

fn parse<T: FromStr<Err = String>>(text: &str) -> ServiceResult<T> {
    text.parse().map_err(ServiceError::Internal)
}
