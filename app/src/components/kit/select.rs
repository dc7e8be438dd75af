use leptos::prelude::*;

use crate::lean::CollectAny;

use super::field::{FieldIds, Frame};

/// An option of a choice.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct SelectOption {
    /// Value in the form; empty for none.
    pub value: String,
    pub label: String,
    /// Explanation, where there is room.
    pub description: String,
    /// Heading above the option in a long list; empty for none.
    pub group: &'static str,
}

impl SelectOption {
    pub fn new(value: impl Into<String>, label: impl Into<String>) -> Self {
        Self { value: value.into(), label: label.into(), description: String::new(), group: "" }
    }

    #[must_use]
    pub fn with_description(mut self, description: impl Into<String>) -> Self {
        self.description = description.into();
        self
    }

    #[must_use]
    pub const fn in_group(mut self, group: &'static str) -> Self {
        self.group = group;
        self
    }
}

/// A choice between several values, by the browser's own list.
#[component]
pub fn Select(
    name: &'static str,
    #[prop(into)] label: String,
    #[prop(into)] value: Signal<String>,
    #[prop(into)] on_change: Callback<(String,)>,
    #[prop(into)] choices: Signal<Vec<SelectOption>>,
    #[prop(optional, into)] hint: Option<String>,
    #[prop(optional, into)] error: Signal<Option<String>>,
    /// In a row of filters: the label is only for screen readers.
    #[prop(optional)]
    compact: bool,
    #[prop(optional, into)] disabled: Signal<bool>,
) -> impl IntoView {
    let ids = FieldIds::new(name);
    let described_by = ids.described_by(hint.is_some(), error);
    let options = move || {
        let option = |choice: SelectOption| {
            let chosen = choice.value.clone();
            view! {
                <option value=choice.value prop:selected=move || value.with(|value| *value == chosen)>
                    {choice.label}
                </option>
            }
        };
        choices.get().into_iter().map(option).collect_any()
    };
    let accessible_name = compact.then(|| label.clone());
    let select = view! {
        <select
            class="input select"
            class:narrowed=move || compact && value.with(|value| !value.is_empty())
            id=ids.control.clone()
            name=name
            aria-label=accessible_name
            disabled=move || disabled.get()
            on:change=move |event| on_change.run((event_target_value(&event),))
            aria-invalid=move || error.with(Option::is_some).then_some("true")
            aria-describedby=move || described_by.get()
        >
            {options}
        </select>
    };
    if compact {
        return select.into_any();
    }
    view! {
        <Frame ids label hint error optional=false>
            {select}
        </Frame>
    }
    .into_any()
}
