//! Server functions for saved views.

use domain::{
    errors::ApiError,
    ids::SavedViewId,
    saved_views::{NewSavedView, SavedView, SavedViewChanges},
};
use leptos::prelude::*;
use server_fn::codec::Json;

#[cfg(feature = "ssr")]
use super::context;

/// Lists the caller's views and those that are shared, by name.
#[server(prefix = "/api", endpoint = "saved_views/list", input = Json)]
pub async fn list(organization: String) -> Result<Vec<SavedView>, ApiError> {
    let (services, actor) = context::actor(&organization).await?;
    services::saved_views::list(&services, &actor).await.map_err(context::public_error)
}

/// Saves a view.
#[server(prefix = "/api", endpoint = "saved_views/create", input = Json)]
pub async fn create(organization: String, new: NewSavedView) -> Result<SavedView, ApiError> {
    let (services, actor) = context::actor(&organization).await?;
    services::saved_views::create(&services, &actor, new).await.map_err(context::public_error)
}

/// Renames a view, shares it, or ends that.
#[server(prefix = "/api", endpoint = "saved_views/edit", input = Json)]
pub async fn edit(organization: String, id: SavedViewId, changes: SavedViewChanges) -> Result<(), ApiError> {
    let (services, actor) = context::actor(&organization).await?;
    services::saved_views::edit(&services, &actor, id, changes).await.map_err(context::public_error)
}

/// Deletes a view.
#[server(prefix = "/api", endpoint = "saved_views/delete", input = Json)]
pub async fn delete(organization: String, id: SavedViewId) -> Result<(), ApiError> {
    let (services, actor) = context::actor(&organization).await?;
    services::saved_views::delete(&services, &actor, id).await.map_err(context::public_error)
}
