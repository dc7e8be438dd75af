//! How long an old secret goes on working.

use domain::{api_keys::validated_grace, errors::FieldErrors};
use leptos::prelude::*;

use crate::components::{Choice, Field, RadioCards, Select, When};

const HOUR: u32 = 60 * 60;
const DAY: u32 = 24 * HOUR;
const CUSTOM: &str = "custom";
/// What is offered, in seconds.
const OFFERED: [(u32, &str); 4] = [(0, "None"), (HOUR, "1 hour"), (DAY, "24 hours"), (7 * DAY, "7 days")];
const UNITS: [(u32, &str); 3] = [(60, "minutes"), (HOUR, "hours"), (DAY, "days")];

/// What was chosen.
#[derive(Clone, Copy)]
pub(super) struct Grace {
    /// Seconds, or [`CUSTOM`].
    chosen: RwSignal<String>,
    count: RwSignal<String>,
    /// In seconds.
    unit: RwSignal<String>,
    /// From how many seconds on is offered.
    least: u32,
}

impl Grace {
    /// With none at all among the offers.
    pub(super) fn new() -> Self {
        Self {
            chosen: RwSignal::new(DAY.to_string()),
            count: RwSignal::new("48".to_owned()),
            unit: RwSignal::new(HOUR.to_string()),
            least: 0,
        }
    }

    /// For what is to go on for a while in any case.
    pub(super) fn some() -> Self {
        Self { least: 1, ..Self::new() }
    }

    fn is_custom(&self) -> bool {
        self.chosen.with(|chosen| chosen == CUSTOM)
    }

    /// What was chosen in seconds, or what is wrong with it.
    pub(super) fn seconds(&self) -> Result<u32, FieldErrors> {
        let seconds = if self.is_custom() {
            let count: Option<u32> = self.count.with(|count| count.trim().parse().ok());
            let unit: Option<u32> = self.unit.with(|unit| unit.parse().ok());
            count.zip(unit).map(|(count, unit)| count.saturating_mul(unit))
        } else {
            self.chosen.with(|chosen| chosen.parse().ok())
        };
        match seconds {
            Some(seconds) if seconds >= self.least => validated_grace(seconds),
            Some(_) => Err(FieldErrors::of("grace_seconds", "Enter a number above 0.")),
            None => Err(FieldErrors::of("grace_seconds", "Enter a whole number.")),
        }
    }
}

/// Chooses how long.
#[component]
pub(super) fn GraceField(grace: Grace, #[prop(into)] legend: String, error: Signal<Option<String>>) -> impl IntoView {
    let offered = OFFERED.into_iter().filter(|(seconds, _)| *seconds >= grace.least);
    let choices: Vec<_> = offered
        .map(|(seconds, label)| Choice::new(seconds.to_string(), label))
        .chain([Choice::new(CUSTOM, "Other")])
        .collect();
    let units: Vec<_> = UNITS.into_iter().map(|(seconds, label)| Choice::new(seconds.to_string(), label)).collect();
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
                <Field name="grace_count" label="How many" kind="number" value=grace.count error/>
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
