//! Fields that the forms for new and edited keys share.

use domain::{
    api_keys::{ApiKey, Level, Scope},
    permissions::Permission,
};
use leptos::prelude::*;

use super::{draft::Draft, errors::DraftErrors, networks::NetworkField};
use crate::{
    api,
    components::{
        CheckList, Field, Notice, RadioCards, RateFields, Select, SelectOption, TextArea, Tone, format_money,
    },
    lean::When,
    state::{load, use_organization},
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
];

/// Choices of the days between reminders to rotate; empty for none.
const REMINDERS: [(&str, &str); 5] = [
    ("", "No reminder"),
    ("30", "Every 30 days"),
    ("90", "Every 90 days"),
    ("180", "Every 180 days"),
    ("365", "Every year"),
];

/// The fields for name and description.
#[component]
pub(super) fn NameFields(draft: Draft, errors: DraftErrors) -> impl IntoView {
    view! {
        <Field
            name="name"
            label="Name"
            value=draft.name
            placeholder="web-production"
            hint="What uses it, and where. It names the key in usage and logs."
            error=errors.field("name")
            autofocus=true
        />
        <TextArea
            name="description"
            label="Description"
            optional=true
            value=draft.description
            error=errors.field("description")
        />
    }
}

/// The field for the key's level.
#[component]
pub(super) fn LevelField(draft: Draft) -> impl IntoView {
    let may_create_admins = use_organization().may(Permission::ManageAdminKeys);
    let description = |level| match level {
        Level::Read => "Reads the usage of its project. It can't call models.",
        Level::Standard => "Calls models. What a program in production needs.",
        Level::Admin => "Manages the organization. Belongs to no project; keep it off clients.",
    };
    let levels: Vec<_> = [Level::Standard, Level::Read, Level::Admin]
        .into_iter()
        .filter(|level| *level != Level::Admin || may_create_admins)
        .map(|level| SelectOption::new(level.name(), level.label()).with_description(description(level)))
        .collect();
    view! {
        <RadioCards
            name="level"
            legend="Level"
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
    let none = move || organization.projects.with(|projects| projects.is_some_and(Vec::is_empty));
    view! {
        <When when=move || draft.level().needs_project()>
            <When
                when=move || !none()
                fallback=|| view! {
                    <Notice tone=Tone::Warning>
                        "You aren't assigned to a project. Ask your administrator to assign one."
                    </Notice>
                }
            >
                <Select
                    name="project_id"
                    label="Project"
                    value
                    on_change=move |project: String| draft.project.set(project)
                    choices=projects
                    hint
                    error=errors.field("project_id")
                />
            </When>
        </When>
    }
}

/// The fields for scopes, models and networks.
#[component]
pub(super) fn LimitFields(draft: Draft, errors: DraftErrors) -> impl IntoView {
    let scopes = Memo::new(move |_| {
        let scope = |scope: &Scope| SelectOption::new(scope.name(), scope.label()).in_group(scope.group());
        Scope::of(draft.level()).iter().map(scope).collect::<Vec<_>>()
    });
    let organization = use_organization();
    let offered_models = load(move || api::models::List { organization: organization.slug() });
    // The key's own models, which may not be offered any more.
    let own_models = draft.models.get_untracked();
    let models = Memo::new(move |_| {
        let mut models: Vec<_> = offered_models.with(|models| {
            let price = |price: Option<domain::money::Price>| {
                let price = price.and_then(|price| price.input_per_million);
                price.map(|price| format!("{} / M in", format_money(price))).unwrap_or_default()
            };
            let models = models.into_iter().flatten();
            models
                .map(|model| SelectOption::new(&model.name, &model.name).with_description(price(model.price)))
                .collect()
        });
        for model in &own_models {
            if models.iter().all(|choice: &SelectOption| choice.value != *model) {
                models.push(SelectOption::new(model, model).with_description("not offered"));
            }
        }
        models
    });
    view! {
        // A level with a single scope leaves no choice.
        <When when=move || scopes.with(|scopes| scopes.len() > 1)>
            <CheckList
                name="scopes"
                legend="Scopes"
                all=draft.all_scopes
                all_label="All of its level"
                selected=draft.scopes
                choices=scopes
                error=errors.field("scopes")
            />
        </When>
        <When when=move || draft.level().may_call_models()>
            <CheckList
                name="models"
                legend="Models"
                all=draft.all_models
                all_label="All, also new ones"
                selected=draft.models
                choices=models
                error=errors.field("models")
            />
        </When>
        <NetworkField draft errors/>
    }
}

/// The fields for calls and tokens per minute, of keys that call models.
#[component]
pub(super) fn KeyRateFields(draft: Draft, errors: DraftErrors) -> impl IntoView {
    view! {
        <When when=move || draft.level().may_call_models()>
            <RateFields
                draft=draft.rates
                error=errors.0
                calls_hint="Empty for no limit of its own. Those of its project and organization hold too."
                tokens_hint="Input and output together."
            />
        </When>
    }
}

/// The field for reminders to rotate the key. `before` is the key as saved.
#[component]
pub(super) fn ReminderField(
    draft: Draft,
    errors: DraftErrors,
    #[prop(optional)] before: Option<ApiKey>,
) -> impl IntoView {
    let mut choices: Vec<_> = REMINDERS.into_iter().map(|(days, label)| SelectOption::new(days, label)).collect();
    let other = before.and_then(|key| key.rotate_every_days).map(|days| days.to_string());
    if let Some(days) = other.filter(|days| choices.iter().all(|choice| choice.value != *days)) {
        choices.push(SelectOption::new(&days, format!("Every {days} days")));
    }
    view! {
        <Select
            name="rotate_every_days"
            label="Remind to rotate"
            value=draft.reminder
            on_change=move |days: String| draft.reminder.set(days)
            choices=Signal::stored(choices)
            hint="In the inbox of whoever made it. Nothing stops working by itself."
            error=errors.field("rotate_every_days")
        />
    }
}
