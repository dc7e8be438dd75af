//! The organization's settings.

mod bodies;
mod bodies_question;
mod calls;
mod confirm_deletion;
mod deletion;
mod form;
mod key_policy;
mod preset_field;
mod rate_limits;
mod retention_fields;
mod save_bar;
mod sessions;

use domain::organizations::OrganizationSettings;
use leptos::{ev, prelude::*};

pub(crate) use self::bodies_question::BodiesQuestion;
use self::{
    bodies::BodiesSection, calls::CallsSection, confirm_deletion::ConfirmDeletion, form::SettingsForm,
    key_policy::KeyPolicySection, rate_limits::RateLimitsSection, save_bar::SaveBar, sessions::SessionsSection,
};
use crate::{
    api,
    components::{AsyncView, PageHead, Sections, Skeleton},
    layout::{Unsaved, UnsavedGuard},
    state::{load, use_organization},
};

/// Ids and titles of the sections.
const INDEX: &[(&str, &str)] = &[
    ("sessions", "Sessions"),
    ("api-keys", "API keys"),
    ("bodies", "Request and response bodies"),
    ("calls", "Calls"),
    ("rate-limits", "Rate limits"),
];

#[component]
pub fn Settings() -> impl IntoView {
    let slug = use_organization().slug();
    let settings = load(move || api::organizations::SettingsRequest { organization: slug.clone() });
    view! {
        <PageHead title="Settings" description=|| "Organization-wide settings."/>
        <AsyncView answer=settings skeleton=|| view! { <Skeleton lines=3 shape="form"/> } let:settings>
            <SettingsSections settings/>
        </AsyncView>
    }
}

/// The sections, which are saved together; leaving the page asks about unsaved changes of any.
#[component]
fn SettingsSections(settings: ReadSignal<OrganizationSettings>) -> impl IntoView {
    let form = SettingsForm::new(settings.get_untracked());
    let unsaved = Unsaved::new();
    unsaved.watch(form.dirty());
    let submit = move |event: ev::SubmitEvent| {
        event.prevent_default();
        form.submit();
    };
    view! {
        <UnsavedGuard dirty=Signal::derive(move || unsaved.is_dirty())/>
        <Sections index=INDEX>
            <form class="section-form" on:submit=submit novalidate>
                <SessionsSection form/>
                <KeyPolicySection form/>
                <BodiesSection form/>
                <CallsSection form/>
                // Enter submits only a form with a button; the save bar's is outside, below all sections.
                <button type="submit" hidden></button>
            </form>
            <RateLimitsSection unsaved/>
            <SaveBar form/>
        </Sections>
        <ConfirmDeletion form/>
    }
}
