//! The asker's inbox.

use domain::{
    errors::ApiError,
    ids::NotificationId,
    notifications::{Inbox, Unread},
};
use leptos::prelude::*;
use server_fn::codec::Json;

#[cfg(feature = "ssr")]
use super::context;

/// A page of the inbox, the newest first, or those older than `before`; all of them, or only those that aren't read.
#[server(prefix = "/api", endpoint = "notifications/list", input = Json)]
pub async fn list(organization: String, unread_only: bool, before: Option<NotificationId>) -> Result<Inbox, ApiError> {
    let (services, actor) = context::actor(&organization).await?;
    services::notifications::list(&services, &actor, unread_only, before).await.map_err(context::public)
}

/// Marks these as read or unread; without ids, all. How many are unread then.
#[server(prefix = "/api", endpoint = "notifications/mark", input = Json)]
pub async fn mark(organization: String, ids: Option<Vec<NotificationId>>, read: bool) -> Result<Unread, ApiError> {
    let (services, actor) = context::actor(&organization).await?;
    services::notifications::mark(&services, &actor, ids.as_deref(), read).await.map_err(context::public)
}
