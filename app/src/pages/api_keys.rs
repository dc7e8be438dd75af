//! API keys: all of them, each one's own page, and what can be done to them.

mod actions;
mod badges;
mod form;
mod grace;
mod hints;
mod key;
mod list;
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
    actions::KeyDialogs,
    key::{KeyCalls, KeyHistory},
};
use self::{key::KeyPage, list::KeyList};
use crate::{
    addresses::Address,
    state::{Organization, use_location},
};

/// All keys.
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
        // On the way to another page, this one stays as it is.
        _ => before.copied().flatten(),
    });
    move || key.get().map(|id| view! { <KeyPage id/> })
}

/// Whether one may change keys of this level at all; which of them, the server knows.
fn may_manage(organization: Organization, level: Level) -> bool {
    organization.may(match level {
        Level::Admin => Permission::ManageAdminKeys,
        Level::Read | Level::Standard => Permission::ManageApiKeys,
    })
}

/// Whether a key can still be ended.
fn is_revocable(key: &api_keys::ApiKey) -> bool {
    key.revoked_at.is_none()
}
