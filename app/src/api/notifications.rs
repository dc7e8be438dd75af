//! Server functions for the caller's inbox.

use domain::{
    errors::ApiError,
    ids::NotificationId,
    notifications::{InboxPage, Unread},
};
use leptos::prelude::*;
use server_fn::codec::Json;

#[cfg(feature = "ssr")]
use super::context;

/// Lists a page of the inbox, newest first, or older than `before`; all notifications, or only unread ones.
#[server(prefix = "/api", endpoint = "notifications/list", input = Json)]
pub async fn list(
    organization: String,
    unread_only: bool,
    before: Option<NotificationId>,
) -> Result<InboxPage, ApiError> {
    let (services, actor) = context::actor(&organization).await?;
    services::notifications::list(&services, &actor, unread_only, before).await.map_err(context::public_error)
}

/// Marks notifications as read or unread; without ids, all. Returns how many are unread afterwards.
#[server(prefix = "/api", endpoint = "notifications/mark", input = Json)]
pub async fn mark(organization: String, ids: Option<Vec<NotificationId>>, read: bool) -> Result<Unread, ApiError> {
    let (services, actor) = context::actor(&organization).await?;
    services::notifications::mark(&services, &actor, ids.as_deref(), read).await.map_err(context::public_error)
}
