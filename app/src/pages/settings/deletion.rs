//! Confirmation of settings that delete stored data.

use domain::organizations::{OrganizationSettings, SettingsChanges};
use leptos::prelude::*;

use super::form::SettingsForm;
use crate::{components::Confirm, lean::CollectAny, pages::usage::plural};

/// Changes of the settings, and the data that they delete.
#[derive(Clone, Debug)]
pub(super) struct Deletion {
    changes: SettingsChanges,
    /// A sentence for each kind of data.
    sentences: Vec<String>,
}

impl Deletion {
    /// Whether changes may delete data.
    pub(super) fn is_possible(saved: &OrganizationSettings, changes: &SettingsChanges) -> bool {
        deletes_calls(saved, changes) || deletes_bodies(saved, changes)
    }

    /// Describes what changes delete, given the number of calls; `None` if that is nothing.
    pub(super) fn of(saved: &OrganizationSettings, changes: SettingsChanges, calls: i64) -> Option<Self> {
        let mut sentences = Vec::new();
        if deletes_calls(saved, &changes) && calls > 0 {
            let days = changes.call_retention.and_then(|retention| retention.days).unwrap_or_default();
            let (calls, days) = (plural(calls, "call"), plural(days.into(), "day"));
            sentences.push(format!("{calls} older than {days} will be deleted within the hour. Usage and costs stay."));
        }
        if deletes_bodies(saved, &changes) {
            let bodies = match changes.bodies.as_ref().and_then(|bodies| bodies.days) {
                Some(days) => format!("Request and response bodies older than {}", plural(days.into(), "day")),
                None => "All stored request and response bodies".to_owned(),
            };
            sentences.push(format!("{bodies} will be deleted within the hour."));
        }
        (!sentences.is_empty()).then_some(Self { changes, sentences })
    }
}

/// Whether fewer days of calls are kept than before.
fn deletes_calls(saved: &OrganizationSettings, changes: &SettingsChanges) -> bool {
    let days = changes.call_retention.and_then(|retention| retention.days);
    days.is_some_and(|days| saved.call_retention.days.is_none_or(|before| days < before))
}

/// Whether stored bodies are kept for fewer days than before, or not at all.
fn deletes_bodies(saved: &OrganizationSettings, changes: &SettingsChanges) -> bool {
    let days = changes.bodies.as_ref().map(|bodies| bodies.days);
    saved.bodies.days.is_some_and(|before| days.is_some_and(|days| days.is_none_or(|days| days < before)))
}

/// Asks before settings are saved that delete data.
#[component]
pub(super) fn ConfirmDeletion(form: SettingsForm) -> impl IntoView {
    let deletion = form.deletion();
    let sentences = move || {
        let sentences = deletion.with(|deletion| deletion.as_ref().map(|deletion| deletion.sentences.clone()));
        sentences.unwrap_or_default().into_iter().map(|sentence| view! { <p>{sentence}</p> }).collect_any()
    };
    view! {
        <Confirm
            open=Signal::derive(move || deletion.with(Option::is_some))
            title="Delete stored data?"
            action="Save and delete"
            on_confirm=move || {
                if let Some(Deletion { changes, .. }) = deletion.get_untracked() {
                    form.save_confirmed(changes);
                }
            }
            on_close=move || deletion.set(None)
        >
            {sentences}
            <p>"This can't be undone."</p>
        </Confirm>
    }
}
