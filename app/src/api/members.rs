//! Server functions for what the caller chose as a member.

use domain::{calls::LogColumn, errors::ApiError};
use leptos::prelude::*;
use server_fn::codec::Json;

#[cfg(feature = "ssr")]
use super::context;

/// Returns the columns of the caller's log.
#[server(prefix = "/api", endpoint = "members/log_columns", input = Json)]
pub async fn log_columns(organization: String) -> Result<Vec<LogColumn>, ApiError> {
    let (services, actor) = context::actor(&organization).await?;
    services::member_settings::log_columns(&services, &actor).await.map_err(context::public_error)
}

/// Sets the columns of the caller's log.
#[server(prefix = "/api", endpoint = "members/set_log_columns", input = Json)]
pub async fn set_log_columns(organization: String, columns: Vec<LogColumn>) -> Result<(), ApiError> {
    let (services, actor) = context::actor(&organization).await?;
    services::member_settings::set_log_columns(&services, &actor, &columns).await.map_err(context::public_error)
}
