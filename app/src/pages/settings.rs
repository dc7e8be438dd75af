//! The organization's settings.

mod bodies;
mod calls;
mod key_policy;
mod rate_limits;
mod section;
mod sessions;

use domain::organizations::OrganizationSettings;
use leptos::prelude::*;

use self::{
    bodies::BodiesSection, calls::CallsSection, key_policy::KeyPolicySection, rate_limits::RateLimitsSection,
    sessions::SessionsSection,
};
use crate::{
    api,
    components::{AsyncView, PageHead, Skeleton},
    layout::{Unsaved, UnsavedGuard},
    state::{load, use_organization},
};

#[component]
pub fn Settings() -> impl IntoView {
    let slug = use_organization().slug();
    let settings = load(move || api::organizations::SettingsRequest { organization: slug.clone() });
    view! {
        <PageHead title="Settings" description=|| "What holds for everybody in the organization."/>
        <AsyncView answer=settings skeleton=|| view! { <Skeleton lines=3 shape="form"/> } let:settings>
            <Sections settings/>
        </AsyncView>
    }
}

/// The sections, each saved separately; leaving the page asks about unsaved changes of any.
#[component]
fn Sections(settings: ReadSignal<OrganizationSettings>) -> impl IntoView {
    let saved = RwSignal::new(settings.get_untracked());
    let unsaved = Unsaved::new();
    view! {
        <UnsavedGuard dirty=Signal::derive(move || unsaved.is_dirty())/>
        <SessionsSection saved unsaved/>
        <KeyPolicySection saved unsaved/>
        <BodiesSection saved unsaved/>
        <CallsSection saved unsaved/>
        <RateLimitsSection unsaved/>
    }
}
