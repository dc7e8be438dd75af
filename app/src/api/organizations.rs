//! The organization itself.

use domain::{
    errors::ApiError,
    organizations::{Settings, SettingsChanges},
};
use leptos::prelude::*;
use server_fn::codec::Json;

#[cfg(feature = "ssr")]
use super::context;

/// What its administrators chose.
#[server(name = SettingsQuestion, prefix = "/api", endpoint = "organizations/settings", input = Json)]
pub async fn settings(organization: String) -> Result<Settings, ApiError> {
    let (services, actor) = context::actor(&organization).await?;
    services::organizations::settings(&services, &actor).await.map_err(context::public)
}

/// Changes what its administrators chose: only what is named.
#[server(prefix = "/api", endpoint = "organizations/update_settings", input = Json)]
pub async fn update_settings(organization: String, changes: SettingsChanges) -> Result<(), ApiError> {
    let (services, actor) = context::actor(&organization).await?;
    services::organizations::update_settings(&services, &actor, changes).await.map_err(context::public)
}
