//! What the organization's administrators choose.

mod bodies;
mod key_policy;
mod rate_limits;
mod section;
mod sessions;

use domain::organizations::Settings as Chosen;
use leptos::prelude::*;

use self::{
    bodies::BodiesSection, key_policy::KeyPolicySection, rate_limits::RateLimitsSection, sessions::SessionsSection,
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
    let settings = load(move || api::organizations::SettingsQuestion { organization: slug.clone() });
    view! {
        <PageHead title="Settings" description=|| "What holds for everybody in the organization."/>
        <AsyncView answer=settings skeleton=|| view! { <Skeleton lines=3 shape="form"/> } let:settings>
            <Sections settings/>
        </AsyncView>
    }
}

/// Each section is saved by itself; what the others hold unsaved is guarded all the same.
#[component]
fn Sections(settings: ReadSignal<Chosen>) -> impl IntoView {
    let saved = RwSignal::new(settings.get_untracked());
    let unsaved = Unsaved::new();
    view! {
        <UnsavedGuard dirty=Signal::derive(move || unsaved.any())/>
        <SessionsSection saved unsaved/>
        <KeyPolicySection saved unsaved/>
        <BodiesSection saved unsaved/>
        <RateLimitsSection unsaved/>
    }
}
