//! A number that is chosen from common ones, or typed.

use leptos::prelude::*;

use crate::{
    components::{Field, Select, SelectOption},
    lean::When,
};

/// Value of the choice to type a number.
const CUSTOM: &str = "custom";

/// Common numbers and their labels.
pub(super) type Presets = &'static [(&'static str, &'static str)];

/// A number as chosen or typed.
#[derive(Clone, Copy)]
pub(super) struct PresetDraft {
    presets: Presets,
    /// Empty for none, where that can be chosen.
    text: RwSignal<String>,
    is_custom: RwSignal<bool>,
}

impl PresetDraft {
    pub(super) fn new(presets: Presets, text: String) -> Self {
        let draft = Self { presets, text: RwSignal::default(), is_custom: RwSignal::default() };
        draft.set(text);
        draft
    }

    pub(super) fn set(&self, text: String) {
        self.is_custom.set(!self.presets.iter().any(|(preset, _)| *preset == text));
        self.text.set(text);
    }

    /// The number, or `None` for none. Text that isn't a number becomes 0, which validation rejects.
    pub(super) fn number(&self) -> Option<u32> {
        let is_custom = self.is_custom.get();
        self.text.with(|text| (is_custom || !text.is_empty()).then(|| text.trim().parse().unwrap_or_default()))
    }

    /// Takes over a choice of the list. To type another number begins with the last one.
    fn choose(&self, choice: String) {
        if choice == CUSTOM {
            self.is_custom.set(true);
        } else {
            self.set(choice);
        }
    }
}

/// A list of common numbers and "Custom…", which shows a field for another one.
#[component]
pub(super) fn PresetField(
    name: &'static str,
    label: &'static str,
    /// Label of the field, with the number's unit.
    custom_label: &'static str,
    draft: PresetDraft,
    hint: String,
    error: Signal<Option<String>>,
) -> impl IntoView {
    let presets = draft.presets.iter().map(|(value, label)| SelectOption::new(*value, *label));
    let choices: Vec<_> = presets.chain([SelectOption::new(CUSTOM, "Custom…")]).collect();
    let choice = move || if draft.is_custom.get() { CUSTOM.to_owned() } else { draft.text.get() };
    view! {
        <div class="preset">
            <Select
                name
                label
                value=Signal::derive(choice)
                choices
                on_change=move |choice: String| draft.choose(choice)
            />
            <When when=move || draft.is_custom.get()>
                <Field name label=custom_label kind="number" value=draft.text hint=hint.clone() error/>
            </When>
        </div>
    }
}
