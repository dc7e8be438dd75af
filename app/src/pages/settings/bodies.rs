use domain::{
    bodies::{BODY_DAYS, BODY_LIMIT, BodySettings, DEFAULT_BODY_DAYS},
    organizations::SettingsChanges,
};
use leptos::prelude::*;

use super::{
    bodies_question::BodiesChoice,
    form::SettingsForm,
    preset_field::Presets,
    retention_fields::{RetentionDraft, RetentionFields},
};
use crate::{
    components::{Field, Section, TextArea},
    lean::When,
};

/// Common times, in days.
const PRESETS: Presets = &[("7", "7 days"), ("14", "14 days"), ("30", "30 days"), ("90", "90 days")];

/// Whether and how the bodies of calls are stored; first the question whether to store any.
#[component]
pub(super) fn BodiesSection(form: SettingsForm) -> impl IntoView {
    let undecided = Memo::new(move |_| form.saved().with(|saved| saved.bodies.undecided));
    let choice = move || {
        let current = form.saved().with_untracked(|saved| saved.bodies.clone());
        view! { <BodiesChoice current on_decided=move |changes: SettingsChanges| form.take(changes)/> }
    };
    view! {
        <Section
            id="bodies"
            title="Request and response bodies"
            description="Store request and response bodies. Keys, cookies and similar headers are never stored. Changes
                apply to new calls; a shorter time also applies to stored bodies."
        >
            <When when=move || undecided.get() fallback=move || view! { <BodyFields form/> }>
                {choice}
            </When>
        </Section>
    }
}

#[component]
fn BodyFields(form: SettingsForm) -> impl IntoView {
    let saved_bodies = move || form.saved().with_untracked(|saved| saved.bodies.clone());
    let saved = saved_bodies();
    let retention = RetentionDraft::new(PRESETS, DEFAULT_BODY_DAYS, saved.days);
    let limit = RwSignal::new(kibibytes(&saved));
    let redact = RwSignal::new(saved.redact.join("\n"));
    let changes = Signal::derive(move || {
        let saved = form.saved().with(|saved| saved.bodies.clone());
        // Text that isn't a number becomes 0, which validation rejects.
        let typed = limit.with(|text| text.trim().parse::<u32>().unwrap_or_default());
        // An unchanged limit stays exact, even if it isn't a multiple of 1 KiB.
        let limit = if typed == saved.limit / 1024 { saved.limit } else { typed.saturating_mul(1024) };
        let redact = redact
            .with(|text| text.lines().map(str::trim).filter(|line| !line.is_empty()).map(str::to_owned).collect());
        let bodies = BodySettings { days: retention.days(), limit, redact, undecided: false };
        SettingsChanges { bodies: Some(bodies), ..SettingsChanges::default() }
    });
    form.add(changes, move || {
        let saved = saved_bodies();
        retention.set(saved.days);
        limit.set(kibibytes(&saved));
        redact.set(saved.redact.join("\n"));
    });
    let (min, max) = (BODY_LIMIT.start() / 1024, BODY_LIMIT.end() / 1024);
    view! {
        <RetentionFields
            name="body_days"
            legend="What to store"
            draft=retention
            unlimited=("Metadata only", "Bodies aren't stored. Stored bodies are deleted.")
            limited=("With request and response bodies", "Members who can see a call's log can read them.")
            range=&BODY_DAYS
            error=form.field("body_days")
        />
        <When when=move || retention.days().is_some()>
            <Field
                name="body_limit"
                label="Maximum size (KiB)"
                kind="number"
                value=limit
                hint=format!("{min} to {max} KiB. Longer bodies are truncated.")
                error=form.field("body_limit")
            />
            <TextArea
                name="body_redact"
                label="Redacted fields"
                value=redact
                mono=true
                optional=true
                placeholder="content\nmetadata.customer"
                hint="One JSON field per line. A name matches at any depth; a path matches only there."
                error=form.field("body_redact")
            />
        </When>
    }
}

fn kibibytes(bodies: &BodySettings) -> String {
    (bodies.limit / 1024).to_string()
}
