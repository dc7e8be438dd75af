use domain::{
    calls::{CALL_DAYS, CallRetention, DEFAULT_CALL_DAYS},
    organizations::SettingsChanges,
};
use leptos::prelude::*;

use super::{
    form::SettingsForm,
    preset_field::Presets,
    retention_fields::{RetentionDraft, RetentionFields},
};
use crate::{
    components::{Section, TimeStyle, format_moment},
    state::use_organization,
};

/// Common times, in days.
const PRESETS: Presets =
    &[("35", "35 days"), ("90", "90 days"), ("180", "180 days"), ("397", "13 months"), ("730", "2 years")];

/// How long calls are kept. Until the organization chooses, the fields show the default, which then isn't a change.
#[component]
pub(super) fn CallsSection(form: SettingsForm) -> impl IntoView {
    let saved = move || form.saved().with_untracked(|saved| saved.call_retention);
    let retention = RetentionDraft::new(PRESETS, DEFAULT_CALL_DAYS, shown_days(saved()));
    let changes = Signal::derive(move || {
        let saved = form.saved().with(|saved| saved.call_retention);
        let days = retention.days();
        let is_unchanged = days == shown_days(saved);
        let call_retention = if is_unchanged { saved } else { CallRetention::chosen(days) };
        SettingsChanges { call_retention: Some(call_retention), ..SettingsChanges::default() }
    });
    form.add(changes, move || retention.set(shown_days(saved())));
    let default_from = Memo::new(move |_| form.saved().with(|saved| saved.call_retention.default_from));
    let zone = use_organization().time_zone();
    let notice = move || {
        let day = format_moment(default_from.get()?, &zone, TimeStyle::Date);
        Some(view! {
            <p class="dim" role="note">
                {format!("Nothing is chosen yet. From {day}, calls older than 13 months are deleted, unless you choose otherwise.")}
            </p>
        })
    };
    view! {
        <Section
            id="calls"
            title="Calls"
            description="Retention of the log. Usage and costs of deleted calls stay; the calls can't be restored."
        >
            {notice}
            <RetentionFields
                name="call_days"
                legend="Calls in the log"
                draft=retention
                unlimited=("Keep all", "The log goes back to the first call.")
                limited=("Delete old calls", "With their request and response bodies.")
                range=&CALL_DAYS
                error=form.field("call_days")
            />
        </Section>
    }
}

/// The days that the fields show: those chosen, or the default.
fn shown_days(retention: CallRetention) -> Option<u32> {
    retention.days.or_else(|| retention.default_from.map(|_| DEFAULT_CALL_DAYS))
}
