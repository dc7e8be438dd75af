use domain::{
    bodies::{BODY_DAYS, BODY_LIMIT, BodySettings, DEFAULT_BODY_DAYS},
    organizations::{Settings, SettingsChanges},
};
use leptos::prelude::*;

use super::section::{Section, save};
use crate::{
    components::{Choice, Field, RadioCards, Segmented, TextArea, When},
    layout::Unsaved,
};

/// The days that are offered; any other number can be typed.
const DAYS: [(&str, &str); 4] = [("7", "7 days"), ("14", "14 days"), ("30", "30 days"), ("90", "90 days")];
const KEEP: &str = "keep";
const OFF: &str = "off";

/// Whether and how what is said in calls is kept.
#[component]
pub(super) fn BodiesSection(saved: RwSignal<Settings>, unsaved: Unsaved) -> impl IntoView {
    let kept = move || saved.with(|saved| saved.bodies.clone());
    let fields = |bodies: &BodySettings| {
        let days = bodies.days.unwrap_or(DEFAULT_BODY_DAYS).to_string();
        (bodies.days.is_some(), days, (bodies.limit / 1024).to_string(), bodies.redact.join("\n"))
    };
    let first = fields(&untrack(kept));
    let (on, days) = (RwSignal::new(first.0), RwSignal::new(first.1));
    let (limit, redact) = (RwSignal::new(first.2), RwSignal::new(first.3));
    let save = save(saved);
    let chosen = Signal::derive(move || {
        // What is no number is no number that is allowed.
        let number = |text: RwSignal<String>| text.with(|text| text.trim().parse::<u32>().unwrap_or_default());
        let kept = kept();
        // Unchanged, it stays what it is, also where it isn't a whole number of KiB.
        let limit = number(limit);
        let limit = if limit == kept.limit / 1024 { kept.limit } else { limit.saturating_mul(1024) };
        let redact = redact
            .with(|text| text.lines().map(str::trim).filter(|line| !line.is_empty()).map(str::to_owned).collect());
        let bodies = BodySettings { days: on.get().then(|| number(days)), limit, redact };
        SettingsChanges { bodies: Some(bodies), ..SettingsChanges::default() }
    });
    let choices = vec![
        Choice::new(KEEP, "Keep them").described("Whoever may see a call's log can read what was said in it."),
        Choice::new(OFF, "Keep nothing").described("What was kept before is deleted."),
    ];
    let offered: Vec<_> = DAYS.into_iter().map(|(days, label)| Choice::new(days, label)).collect();
    let offered = StoredValue::new(offered);
    view! {
        <Section
            title="Requests and responses"
            description="What is said in calls, for those who look into one. Keys, cookies and the like are never kept. A change
                counts for calls from then on; a shorter time also for what is kept."
            save
            saved
            chosen
            fields=&["body_days", "body_limit", "body_redact"]
            unsaved
            on_discard=move || {
                let (was_on, was_days, was_limit, was_redact) = fields(&kept());
                on.set(was_on);
                days.set(was_days);
                limit.set(was_limit);
                redact.set(was_redact);
            }
        >
            <RadioCards
                name="bodies"
                legend="Request and response"
                value=Signal::derive(move || if on.get() { KEEP } else { OFF }.to_owned())
                choices
                on_change=move |name: String| on.set(name == KEEP)
            />
            <When when=move || on.get()>
                <Segmented
                    label="Common times"
                    value=days
                    choices=offered.get_value()
                    on_change=move |chosen: String| days.set(chosen)
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
