//! Server functions for an organization's settings.

use domain::{
    calls::CallRetention,
    errors::ApiError,
    organizations::{OrganizationSettings, SettingsChanges},
};
use leptos::prelude::*;
use server_fn::codec::Json;

#[cfg(feature = "ssr")]
use super::context;

/// Returns the organization's settings.
#[server(name = SettingsRequest, prefix = "/api", endpoint = "organizations/settings", input = Json)]
pub async fn settings(organization: String) -> Result<OrganizationSettings, ApiError> {
    let (services, actor) = context::actor(&organization).await?;
    services::organizations::settings(&services, &actor).await.map_err(context::public_error)
}

/// Changes the settings that are present in `changes`.
#[server(prefix = "/api", endpoint = "organizations/update_settings", input = Json)]
pub async fn update_settings(organization: String, changes: SettingsChanges) -> Result<(), ApiError> {
    let (services, actor) = context::actor(&organization).await?;
    services::organizations::update_settings(&services, &actor, changes).await.map_err(context::public_error)
}

/// Counts the calls that this retention would delete.
#[server(prefix = "/api", endpoint = "organizations/count_deleted_calls", input = Json)]
pub async fn count_deleted_calls(organization: String, call_retention: CallRetention) -> Result<i64, ApiError> {
    let (services, actor) = context::actor(&organization).await?;
    services::calls::retention::count_deleted(&services, &actor, call_retention).await.map_err(context::public_error)
}
