//! The choice of a grace period: how long an old secret keeps working.

use domain::{api_keys::validated_grace, errors::FieldErrors};
use leptos::prelude::*;

use crate::{
    components::{Field, RadioCards, Select, SelectOption},
    lean::When,
};

const HOUR: u32 = 60 * 60;
const DAY: u32 = 24 * HOUR;
const CUSTOM: &str = "custom";
/// Offered grace periods, in seconds.
const CHOICES: [(u32, &str); 4] = [(0, "None"), (HOUR, "1 hour"), (DAY, "24 hours"), (7 * DAY, "7 days")];
const UNITS: [(u32, &str); 3] = [(60, "minutes"), (HOUR, "hours"), (DAY, "days")];

/// The state of a [`GraceField`].
#[derive(Clone, Copy)]
pub(super) struct GraceChoice {
    /// The chosen seconds, or [`CUSTOM`].
    chosen: RwSignal<String>,
    count: RwSignal<String>,
    /// The custom unit, in seconds.
    unit: RwSignal<String>,
    /// The shortest choice, in seconds.
    min: u32,
}

impl GraceChoice {
    /// A choice that may be no grace period at all.
    pub(super) fn new() -> Self {
        Self {
            chosen: RwSignal::new(DAY.to_string()),
            count: RwSignal::new("48".to_owned()),
            unit: RwSignal::new(HOUR.to_string()),
            min: 0,
        }
    }

    /// A choice of at least some grace period.
    pub(super) fn required() -> Self {
        Self { min: 1, ..Self::new() }
    }

    fn is_custom(&self) -> bool {
        self.chosen.with(|chosen| chosen == CUSTOM)
    }

    /// The chosen grace period in seconds, or the error in it.
    pub(super) fn seconds(&self) -> Result<u32, FieldErrors> {
        let seconds = if self.is_custom() {
            let count: Option<u32> = self.count.with(|count| count.trim().parse().ok());
            let unit: Option<u32> = self.unit.with(|unit| unit.parse().ok());
            count.zip(unit).map(|(count, unit)| count.saturating_mul(unit))
        } else {
            self.chosen.with(|chosen| chosen.parse().ok())
        };
        match seconds {
            Some(seconds) if seconds >= self.min => validated_grace(seconds),
            Some(_) => Err(FieldErrors::of("grace_seconds", "Enter a whole number above 0.")),
            None => Err(FieldErrors::of("grace_seconds", "Enter a whole number.")),
        }
    }
}

/// Fields for choosing a grace period.
#[component]
pub(super) fn GraceField(
    grace: GraceChoice,
    #[prop(into)] legend: String,
    error: Signal<Option<String>>,
) -> impl IntoView {
    let allowed = CHOICES.into_iter().filter(|(seconds, _)| *seconds >= grace.min);
    let choices: Vec<_> = allowed
        .map(|(seconds, label)| SelectOption::new(seconds.to_string(), label))
        .chain([SelectOption::new(CUSTOM, "Custom")])
        .collect();
    let units: Vec<_> =
        UNITS.into_iter().map(|(seconds, label)| SelectOption::new(seconds.to_string(), label)).collect();
    view! {
        <RadioCards
            name="grace"
            legend
            inline=true
            value=grace.chosen
            choices
            on_change=move |chosen: String| grace.chosen.set(chosen)
            error=Signal::derive(move || error.get().filter(|_| !grace.is_custom()))
        />
        <When when=move || grace.is_custom()>
            <div class="grace-custom">
                <Field name="grace_count" label="Duration" kind="number" value=grace.count error/>
                <Select
                    name="grace_unit"
                    label="Unit"
                    value=grace.unit
                    on_change=move |unit: String| grace.unit.set(unit)
                    choices=Signal::stored(units.clone())
                />
            </div>
        </When>
    }
}
