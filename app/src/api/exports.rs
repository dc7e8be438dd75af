//! Server functions for files that jobs make.

use domain::{
    errors::ApiError,
    exports::{Export, NewExport},
    ids::ExportId,
};
use leptos::prelude::*;
use server_fn::codec::Json;

#[cfg(feature = "ssr")]
use super::context;

/// Counts the rows that a file will have at most; `None` if that isn't known.
#[server(prefix = "/api", endpoint = "exports/count", input = Json)]
pub async fn count(organization: String, new: NewExport) -> Result<Option<u64>, ApiError> {
    let (services, actor) = context::actor(&organization).await?;
    rows::count(&services, &actor, &new).await
}

/// Has a job make a file.
#[server(prefix = "/api", endpoint = "exports/start", input = Json)]
pub async fn start(organization: String, new: NewExport) -> Result<Export, ApiError> {
    let (services, actor) = context::actor(&organization).await?;
    let expected_rows = rows::count(&services, &actor, &new).await?;
    services::exports::start(&services, &actor, &new, expected_rows).await.map_err(context::public_error)
}

/// Lists the caller's own exports of the last day, for a page that shows their progress (`watching`) or only once.
#[server(prefix = "/api", endpoint = "exports/list", input = Json)]
pub async fn list(organization: String, watching: bool) -> Result<Vec<Export>, ApiError> {
    let (services, actor) = context::actor(&organization).await?;
    services::exports::list(&services, &actor, watching).await.map_err(context::public_error)
}

/// Ends an export of the caller, or deletes its file.
#[server(prefix = "/api", endpoint = "exports/cancel", input = Json)]
pub async fn cancel(organization: String, id: ExportId) -> Result<Export, ApiError> {
    let (services, actor) = context::actor(&organization).await?;
    services::exports::cancel(&services, &actor, id).await.map_err(context::public_error)
}

#[cfg(feature = "ssr")]
mod rows {
    use domain::{
        errors::{ApiError, FieldErrors},
        exports::{ExportSource, NewExport},
    };
    use services::{Actor, Services};

    use crate::{
        addresses::{LogsAddress, UsageAddress},
        api::context::public_error,
    };

    /// Counts the rows of a file, of which a query that can't be used has none.
    pub(super) async fn count(services: &Services, actor: &Actor, new: &NewExport) -> Result<Option<u64>, ApiError> {
        actor.reach(new.source.permission()).map_err(public_error)?;
        new.check()?;
        let mut errors = FieldErrors::default();
        let invalid = match new.source {
            ExportSource::Calls => LogsAddress::invalid(&new.query),
            ExportSource::Usage | ExportSource::Cost => UsageAddress::invalid(&new.query),
        };
        invalid.iter().for_each(|name| errors.add(name, format!("The value of `{name}` isn't valid.")));
        errors.into_result()?;
        let count = match new.source {
            ExportSource::Calls => {
                let query = LogsAddress::parse(&new.query).calls(None);
                services::exports::count_calls(services, actor, &query).await
            }
            ExportSource::Usage => {
                let query = UsageAddress::parse(&new.query).query;
                services::usage::report(services, actor, &query).await.map(|report| Some(report.row_count))
            }
            ExportSource::Cost => {
                // The filter is checked all the same.
                let query = UsageAddress::parse(&new.query).query;
                services::usage::report(services, actor, &query).await.map(|_| None)
            }
        };
        count.map_err(public_error)
    }
}
