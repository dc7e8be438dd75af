//! What changes of the settings delete.

use domain::organizations::{OrganizationSettings, SettingsChanges};

use crate::pages::usage::plural;

/// Changes of the settings, and the data that they delete.
#[derive(Clone, Debug)]
pub(super) struct Deletion {
    pub(super) changes: SettingsChanges,
    /// A sentence for each kind of data.
    pub(super) sentences: Vec<String>,
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
