use domain::{
    bodies::{BODY_DAYS, BODY_LIMIT, BodySettings, DEFAULT_BODY_DAYS},
    organizations::{OrganizationSettings, SettingsChanges},
};
use leptos::prelude::*;

use super::section::{Section, save_settings};
use crate::{
    components::{Field, RadioCards, Segmented, SelectOption, TextArea},
    layout::Unsaved,
    lean::When,
};

/// Suggested retention times, in days; any other number can be typed.
const DAY_OPTIONS: [(&str, &str); 4] = [("7", "7 days"), ("14", "14 days"), ("30", "30 days"), ("90", "90 days")];
const KEEP: &str = "keep";
const OFF: &str = "off";

/// Whether and how the bodies of calls are kept.
#[component]
pub(super) fn BodiesSection(saved: RwSignal<OrganizationSettings>, unsaved: Unsaved) -> impl IntoView {
    let saved_bodies = move || saved.with(|saved| saved.bodies.clone());
    let fields = |bodies: &BodySettings| {
        let days = bodies.days.unwrap_or(DEFAULT_BODY_DAYS).to_string();
        (bodies.days.is_some(), days, (bodies.limit / 1024).to_string(), bodies.redact.join("\n"))
    };
    let initial = fields(&untrack(saved_bodies));
    let (enabled, days) = (RwSignal::new(initial.0), RwSignal::new(initial.1));
    let (limit, redact) = (RwSignal::new(initial.2), RwSignal::new(initial.3));
    let save = save_settings(saved);
    let changes = Signal::derive(move || {
        // Text that isn't a number becomes 0, which validation rejects.
        let number = |text: RwSignal<String>| text.with(|text| text.trim().parse::<u32>().unwrap_or_default());
        let saved_bodies = saved_bodies();
        // An unchanged limit stays exact, even if it isn't a multiple of 1 KiB.
        let limit = number(limit);
        let limit = if limit == saved_bodies.limit / 1024 { saved_bodies.limit } else { limit.saturating_mul(1024) };
        let redact = redact
            .with(|text| text.lines().map(str::trim).filter(|line| !line.is_empty()).map(str::to_owned).collect());
        let bodies = BodySettings { days: enabled.get().then(|| number(days)), limit, redact };
        SettingsChanges { bodies: Some(bodies), ..SettingsChanges::default() }
    });
    let choices = vec![
        SelectOption::new(KEEP, "Keep them")
            .with_description("Whoever may see a call's log can read what was said in it."),
        SelectOption::new(OFF, "Keep nothing").with_description("What was kept before is deleted."),
    ];
    let day_options: Vec<_> = DAY_OPTIONS.into_iter().map(|(days, label)| SelectOption::new(days, label)).collect();
    let day_options = StoredValue::new(day_options);
    view! {
        <Section
            title="Requests and responses"
            description="What is said in calls, for those who look into one. Keys, cookies and the like are never kept. A change
                counts for calls from then on; a shorter time also for what is kept."
            save
            saved
            changes
            fields=&["body_days", "body_limit", "body_redact"]
            unsaved
            on_discard=move || {
                let saved = fields(&saved_bodies());
                enabled.set(saved.0);
                days.set(saved.1);
                limit.set(saved.2);
                redact.set(saved.3);
            }
        >
            <RadioCards
                name="bodies"
                legend="Request and response"
                value=Signal::derive(move || if enabled.get() { KEEP } else { OFF }.to_owned())
                choices
                on_change=move |name: String| enabled.set(name == KEEP)
            />
            <When when=move || enabled.get()>
                <Segmented
                    label="Common times"
                    value=days
                    choices=day_options.get_value()
                    on_change=move |option: String| days.set(option)
                />
                <Field
                    name="body_days"
                    label="Days"
                    kind="number"
                    value=days
                    hint=format!("From {} to {}.", BODY_DAYS.start(), BODY_DAYS.end())
                    error=save.field("body_days")
                />
                <Field
                    name="body_limit"
                    label="Most of each, in KiB"
                    kind="number"
                    value=limit
                    hint=format!("From {} to {}. What is longer is cut.", BODY_LIMIT.start() / 1024, BODY_LIMIT.end() / 1024)
                    error=save.field("body_limit")
                />
                <TextArea
                    name="body_redact"
                    label="Fields to leave out"
                    value=redact
                    mono=true
                    optional=true
                    placeholder="content\nmetadata.customer"
                    hint="One a line: a JSON field's name, which counts at any depth, or with its parents' names before it."
                    error=save.field("body_redact")
                />
            </When>
        </Section>
    }
}
