//! The folded parts of the forms for new and edited keys.

use domain::{
    api_keys::{ApiKey, Scope},
    money::Price,
};
use leptos::prelude::*;

use super::{
    draft::{Draft, METADATA_ONLY},
    errors::DraftErrors,
    networks::NetworkField,
    summary,
};
use crate::{
    api,
    components::{CheckList, Fold, RateFields, Select, SelectOption, TextArea, format_money},
    lean::When,
    state::{load, use_organization},
};

/// Choices of the days between reminders to rotate; empty for none.
const REMINDERS: [(&str, &str); 5] = [
    ("", "No reminder"),
    ("30", "Every 30 days"),
    ("90", "Every 90 days"),
    ("180", "Every 180 days"),
    ("365", "Every year"),
];

/// Choices of what is stored of a key's calls.
const LOGGING: [(&str, &str); 2] = [("", "As set for the organization"), (METADATA_ONLY, "Metadata only")];

/// Permissions, models and networks.
#[component]
pub(super) fn Restrictions(
    draft: Draft,
    errors: DraftErrors,
    /// Whether they are unfolded at first.
    #[prop(optional)]
    open: bool,
) -> impl IntoView {
    let scopes = Memo::new(move |_| {
        let scope = |scope: &Scope| SelectOption::new(scope.name(), scope.label()).in_group(scope.group());
        Scope::of(draft.level()).iter().map(scope).collect::<Vec<_>>()
    });
    let models = model_choices(draft);
    view! {
        <Fold title="Restrictions" summary=Signal::derive(move || summary::restrictions(draft)) open>
            // A level with a single scope leaves no choice.
            <When when=move || scopes.with(|scopes| scopes.len() > 1)>
                <CheckList
                    name="scopes"
                    legend="Permissions"
                    all=draft.all_scopes
                    all_label="All permissions"
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
                    all_label="All models, including future ones"
                    selected=draft.models
                    choices=models
                    error=errors.field("models")
                />
            </When>
            <NetworkField draft errors/>
        </Fold>
    }
}

/// Offered models with their prices, and those that the key has already.
fn model_choices(draft: Draft) -> Memo<Vec<SelectOption>> {
    let organization = use_organization();
    let offered_models = load(move || api::models::List { organization: organization.slug() });
    // The key's own models, which may not be offered any more.
    let own_models = draft.models.get_untracked();
    Memo::new(move |_| {
        let mut models: Vec<_> = offered_models.with(|models| {
            let price = |price: Option<Price>| {
                let price = price.and_then(|price| price.input_per_million);
                price.map(|price| format!("{} / 1M input", format_money(price))).unwrap_or_default()
            };
            let models = models.into_iter().flatten();
            models
                .map(|model| SelectOption::new(&model.name, &model.name).with_description(price(model.price)))
                .collect()
        });
        for model in &own_models {
            if models.iter().all(|choice: &SelectOption| choice.value != *model) {
                models.push(SelectOption::new(model, model).with_description("unavailable"));
            }
        }
        models
    })
}

/// Requests and tokens per minute, of keys that call models.
#[component]
pub(super) fn Limits(draft: Draft, errors: DraftErrors) -> impl IntoView {
    view! {
        <When when=move || draft.level().may_call_models()>
            <Fold title="Limits" summary=Signal::derive(move || summary::limits(draft))>
                <RateFields
                    draft=draft.rates
                    error=errors.0
                    calls_hint="Leave blank for no key limit. Project and organization limits still apply."
                    tokens_hint="Input and output tokens together."
                />
            </Fold>
        </When>
    }
}

/// Description, reminder to rotate, and what is stored of calls. `before` is the key as saved.
#[component]
pub(super) fn Details(draft: Draft, errors: DraftErrors, #[prop(optional)] before: Option<ApiKey>) -> impl IntoView {
    let mut choices: Vec<_> = REMINDERS.into_iter().map(|(days, label)| SelectOption::new(days, label)).collect();
    let other = before.and_then(|key| key.rotate_every_days).map(|days| days.to_string());
    if let Some(days) = other.filter(|days| choices.iter().all(|choice| choice.value != *days)) {
        choices.push(SelectOption::new(&days, format!("Every {days} days")));
    }
    view! {
        <Fold title="Details" summary=Signal::derive(move || summary::details(draft))>
            <TextArea
                name="description"
                label="Description"
                optional=true
                value=draft.description
                error=errors.field("description")
            />
            <Select
                name="rotate_every_days"
                label="Rotation reminder"
                value=draft.reminder
                on_change=move |days: String| draft.reminder.set(days)
                choices=Signal::stored(choices)
                hint="Notifies the creator; the key keeps working."
                error=errors.field("rotate_every_days")
            />
            <When when=move || draft.level().may_call_models()>
                <Select
                    name="metadata_only"
                    label="Request and response bodies"
                    value=draft.logging
                    on_change=move |logging: String| draft.logging.set(logging)
                    choices=Signal::stored(LOGGING.map(|(value, label)| SelectOption::new(value, label)).to_vec())
                    hint="With metadata only, they are never stored; tokens, cost and times are."
                    error=errors.field("metadata_only")
                />
            </When>
        </Fold>
    }
}
