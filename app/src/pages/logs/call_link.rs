use domain::ids::CallId;
use leptos::prelude::*;

use crate::{
    addresses::{Address, CallAddress},
    state::{use_location, use_organization},
};

/// The link to a call's own page, unless it is open.
#[component]
pub(super) fn CallPageLink(id: CallId) -> impl IntoView {
    let (organization, path) = (use_organization(), use_location().path);
    let is_open = move || path.with(|path| matches!(Address::parse(path), Some(Address::Call(..))));
    let href = CallAddress::new(id).href(&organization.slug());
    move || (!is_open()).then(|| view! { <a class="link call-page-link" href=href.clone()>"Open as a page"</a> })
}
