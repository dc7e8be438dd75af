//! The choice for how many days something is kept.

use std::ops::RangeInclusive;

use leptos::prelude::*;

use super::preset_field::{PresetDraft, PresetField, Presets};
use crate::{
    components::{RadioCards, SelectOption},
    lean::When,
};

const UNLIMITED: &str = "unlimited";
const LIMITED: &str = "limited";

/// A number of days, or none, as chosen or typed.
#[derive(Clone, Copy)]
pub(super) struct RetentionDraft {
    is_limited: RwSignal<bool>,
    days: PresetDraft,
    /// Days that are suggested.
    suggestion: u32,
}

impl RetentionDraft {
    pub(super) fn new(presets: Presets, suggestion: u32, days: Option<u32>) -> Self {
        let is_limited = RwSignal::new(days.is_some());
        Self { is_limited, days: PresetDraft::new(presets, days.unwrap_or(suggestion).to_string()), suggestion }
    }

    pub(super) fn set(&self, days: Option<u32>) {
        self.is_limited.set(days.is_some());
        self.days.set(days.unwrap_or(self.suggestion).to_string());
    }

    /// The days; 0, which validation rejects, for text that isn't a number.
    pub(super) fn days(&self) -> Option<u32> {
        self.is_limited.get().then(|| self.days.number().unwrap_or_default())
    }
}

/// A choice between a number of days and none, and the fields for the days.
#[component]
pub(super) fn RetentionFields(
    /// The name of the days' field.
    name: &'static str,
    legend: &'static str,
    draft: RetentionDraft,
    /// Label and description of the choice without days.
    unlimited: (&'static str, &'static str),
    /// Label and description of the choice with days.
    limited: (&'static str, &'static str),
    range: &'static RangeInclusive<u32>,
    error: Signal<Option<String>>,
) -> impl IntoView {
    let option =
        |value: &str, (label, description): (&str, &str)| SelectOption::new(value, label).with_description(description);
    let hint = format!("{} to {} days.", range.start(), range.end());
    view! {
        <RadioCards
            name
            legend
            value=Signal::derive(move || if draft.is_limited.get() { LIMITED } else { UNLIMITED }.to_owned())
            choices=vec![option(UNLIMITED, unlimited), option(LIMITED, limited)]
            on_change=move |choice: String| draft.is_limited.set(choice == LIMITED)
        />
        <When when=move || draft.is_limited.get()>
            <PresetField name label="Keep for" custom_label="Days" draft=draft.days hint=hint.clone() error/>
        </When>
    }
}
