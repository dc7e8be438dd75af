//! What a new key and an edited one ask alike.

use domain::{
    api_keys::{ApiKey, Level, Scope},
    errors::ApiError,
    permissions::Permission,
};
use leptos::prelude::*;

use super::{Draft, networks::NetworkField};
use crate::{
    api,
    components::{CheckList, Choice, Field, Notice, RadioCards, Select, TextArea, Tone, When, format_money},
    state::{load, use_organization},
};

/// The fields that say themselves what is wrong with them.
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

/// After how many days one may be reminded to rotate; empty for never.
const REMINDERS: [(&str, &str); 5] = [
    ("", "No reminder"),
    ("30", "Every 30 days"),
    ("90", "Every 90 days"),
    ("180", "Every 180 days"),
    ("365", "Every year"),
];

/// Why it wasn't done, field by field.
#[derive(Clone, Copy)]
pub(super) struct Wrong(pub(super) Signal<Option<ApiError>>);

impl Wrong {
    pub(super) fn of(self, field: &'static str) -> Signal<Option<String>> {
        Signal::derive(move || self.0.with(|error| error.as_ref()?.field(field).map(str::to_owned)))
    }
}

/// What it is called.
#[component]
pub(super) fn NameFields(draft: Draft, wrong: Wrong) -> impl IntoView {
    view! {
        <Field
            name="name"
            label="Name"
            value=draft.name
            placeholder="web-production"
            hint="What uses it, and where. It names the key in usage and logs."
            error=wrong.of("name")
            autofocus=true
        />
        <TextArea
            name="description"
            label="Description"
            optional=true
            value=draft.description
            error=wrong.of("description")
        />
    }
}

/// How much it may do at all.
#[component]
pub(super) fn LevelField(draft: Draft) -> impl IntoView {
    let may_make_admins = use_organization().may(Permission::ManageAdminKeys);
    let description = |level| match level {
        Level::Read => "Reads the usage of its project. It can't call models.",
        Level::Standard => "Calls models. What a program in production needs.",
        Level::Admin => "Manages the organization. Belongs to no project; keep it off clients.",
    };
    let levels: Vec<_> = [Level::Standard, Level::Read, Level::Admin]
        .into_iter()
        .filter(|level| *level != Level::Admin || may_make_admins)
        .map(|level| Choice::new(level.name(), level.label()).described(description(level)))
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

/// Where its calls are counted.
#[component]
pub(super) fn ProjectField(
    draft: Draft,
    /// The project's id.
    #[prop(into)]
    value: Signal<String>,
    wrong: Wrong,
    hint: &'static str,
) -> impl IntoView {
    let organization = use_organization();
    let projects = Signal::derive(move || {
        let projects = organization.projects.with(|projects| projects.cloned().unwrap_or_default());
        let chosen = value.get();
        let open = projects.into_iter().filter(|project| !project.archived || project.id.to_string() == chosen);
        open.map(|project| Choice::new(project.id.to_string(), project.name)).collect::<Vec<_>>()
    });
    let none = move || organization.projects.with(|projects| projects.is_some_and(Vec::is_empty));
    view! {
        <When when=move || draft.level().needs_project()>
            <Select
                name="project_id"
                label="Project"
                value
                on_change=move |project: String| draft.project.set(project)
                choices=projects
                hint
                error=wrong.of("project_id")
            />
            <When when=none>
                <Notice tone=Tone::Warning>
                    "No project is assigned to you. An admin of the organization can do so."
                </Notice>
            </When>
        </When>
    }
}

/// What of its level it may do, with which models, and from where.
#[component]
pub(super) fn LimitFields(draft: Draft, wrong: Wrong) -> impl IntoView {
    let scopes = Memo::new(move |_| {
        let scope = |scope: &Scope| Choice::new(scope.name(), scope.label()).under(scope.group());
        Scope::of(draft.level()).iter().map(scope).collect::<Vec<_>>()
    });
    let organization = use_organization();
    let offered = load(move || api::models::List { organization: organization.slug() });
    // Those that it may already call, also where they aren't offered any more.
    let before = draft.models.get_untracked();
    let models = Memo::new(move |_| {
        let mut models: Vec<_> = offered.with(|models| {
            let price = |price: Option<domain::money::Price>| {
                let price = price.and_then(|price| price.input_per_million);
                price.map(|price| format!("{} / M in", format_money(price))).unwrap_or_default()
            };
            let models = models.into_iter().flatten();
            models.map(|model| Choice::new(&model.name, &model.name).described(price(model.price))).collect()
        });
        for model in &before {
            if models.iter().all(|choice: &Choice| choice.value != *model) {
                models.push(Choice::new(model, model).described("not offered"));
            }
        }
        models
    });
    view! {
        // A level with a single scope has nothing to choose.
        <When when=move || scopes.with(|scopes| scopes.len() > 1)>
            <CheckList
                name="scopes"
                legend="Scopes"
                all=draft.all_scopes
                all_label="All of its level"
                selected=draft.scopes
                choices=scopes
                error=wrong.of("scopes")
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
                error=wrong.of("models")
            />
        </When>
        <NetworkField draft wrong/>
    }
}

/// After how long one is reminded to rotate it. `before` is what it says already.
#[component]
pub(super) fn ReminderField(draft: Draft, wrong: Wrong, #[prop(optional)] before: Option<ApiKey>) -> impl IntoView {
    let mut choices: Vec<_> = REMINDERS.into_iter().map(|(days, label)| Choice::new(days, label)).collect();
    let other = before.and_then(|key| key.rotate_every_days).map(|days| days.to_string());
    if let Some(days) = other.filter(|days| choices.iter().all(|choice| choice.value != *days)) {
        choices.push(Choice::new(&days, format!("Every {days} days")));
    }
    view! {
        <Select
            name="rotate_every_days"
            label="Remind to rotate"
            value=draft.reminder
            on_change=move |days: String| draft.reminder.set(days)
            choices=Signal::stored(choices)
            hint="In the inbox of whoever made it. Nothing stops working by itself."
            error=wrong.of("rotate_every_days")
        />
    }
}
