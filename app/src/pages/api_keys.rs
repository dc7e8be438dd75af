//! API keys: the list of all keys, each key's page, and the actions on them.

mod actions;
mod badges;
mod dialog_slot;
mod dialogs;
mod form;
mod grace;
mod hints;
mod key;
mod list;
mod refresh;
mod revoke;
mod rotate;
mod secret;
mod uses;

use domain::{
    api_keys::{self, Level},
    permissions::Permission,
};
use leptos::prelude::*;

pub(crate) use self::{
    dialogs::KeyDialogs,
    key::{KeyCalls, KeyHistory},
};
use self::{key::KeyPage, list::KeyList};
use crate::{
    addresses::Address,
    state::{CurrentOrganization, use_location},
};

/// The page with the list of keys.
#[component]
pub fn ApiKeys() -> impl IntoView {
    view! { <KeyList/> }
}

/// The page of the key that the address names.
#[component]
pub fn ApiKey() -> impl IntoView {
    let path = use_location().path;
    let key = Memo::new(move |before: Option<&Option<_>>| match path.with(|path| Address::parse(path)) {
        Some(Address::ApiKey(_, id)) => Some(id),
        // While another page loads, this one stays as it is.
        _ => before.copied().flatten(),
    });
    move || key.get().map(|id| view! { <KeyPage id/> })
}

/// Whether the member may change any keys of this level; the server decides for each key.
fn may_manage(organization: CurrentOrganization, level: Level) -> bool {
    organization.may(match level {
        Level::Admin => Permission::ManageAdminKeys,
        Level::Read | Level::Standard => Permission::ManageApiKeys,
    })
}

/// Whether a key can still be revoked.
fn is_revocable(key: &api_keys::ApiKey) -> bool {
    key.revoked_at.is_none()
}
