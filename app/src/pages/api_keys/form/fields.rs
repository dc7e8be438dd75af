//! Fields that the forms for new and edited keys show at first.

use domain::{api_keys::Level, permissions::Permission};
use leptos::prelude::*;

use super::{draft::Draft, errors::DraftErrors};
use crate::{
    components::{Field, Notice, RadioCards, Select, SelectOption, Tone},
    lean::When,
    state::use_organization,
};

/// Names of the fields that show their own errors.
pub(super) const FIELDS: &[&str] = &[
    "name",
    "description",
    "project_id",
    "scopes",
    "models",
    "ip_allowlist",
    "calls_per_minute",
    "tokens_per_minute",
    "life",
    "rotate_every_days",
    "metadata_only",
];

/// The field for the key's name.
#[component]
pub(super) fn NameField(draft: Draft, errors: DraftErrors) -> impl IntoView {
    view! {
        <Field
            name="name"
            label="Name"
            value=draft.name
            placeholder="web-production"
            hint="Shown in usage and logs, e.g. web-production."
            error=errors.field("name")
            autofocus=true
        />
    }
}

/// The field for the key's level.
#[component]
pub(super) fn LevelField(draft: Draft) -> impl IntoView {
    let may_create_admins = use_organization().may(Permission::ManageAdminKeys);
    let description = |level| match level {
        Level::Read => "Reads the usage of its project. Can't call models.",
        Level::Standard => "Calls models: chat, embeddings, images, audio, video, files and fine-tuning.",
        Level::Admin => "Manages the organization and calls models. Never ship it in client apps.",
    };
    let levels: Vec<_> = [Level::Standard, Level::Read, Level::Admin]
        .into_iter()
        .filter(|level| *level != Level::Admin || may_create_admins)
        .map(|level| SelectOption::new(level.name(), level.label()).with_description(description(level)))
        .collect();
    view! {
        <RadioCards
            name="level"
            legend="Type"
            value=draft.level
            choices=levels
            on_change=move |level: String| draft.level.set(level)
        />
    }
}

/// The field for the project in which the key's calls are counted.
#[component]
pub(super) fn ProjectField(
    draft: Draft,
    /// The project's id.
    #[prop(into)]
    value: Signal<String>,
    errors: DraftErrors,
    hint: &'static str,
) -> impl IntoView {
    let organization = use_organization();
    let projects = Signal::derive(move || {
        let projects = organization.projects.with(|projects| projects.cloned().unwrap_or_default());
        let chosen = value.get();
        let open = projects.into_iter().filter(|project| !project.archived || project.id.to_string() == chosen);
        open.map(|project| SelectOption::new(project.id.to_string(), project.name)).collect::<Vec<_>>()
    });
    let has_none = move || organization.projects.with(|projects| projects.is_some()) && projects.with(Vec::is_empty);
    let select = move || {
        view! {
            <Select
                name="project_id"
                label="Project"
                value
                on_change=move |project: String| draft.project.set(project)
                choices=projects
                hint
                error=errors.field("project_id")
            />
        }
    };
    view! {
        <When when=move || draft.level().needs_project()>
            <When when=has_none fallback=select>
                <Notice tone=Tone::Warning>"You have no project yet. Ask an admin of the organization for one."</Notice>
            </When>
        </When>
    }
}
