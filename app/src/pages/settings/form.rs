//! The form of all sections: what is saved, what is typed, and how the difference is saved.

use domain::{
    errors::ApiError,
    organizations::{OrganizationSettings, SettingsChanges},
};
use leptos::prelude::*;

use super::deletion::Deletion;
use crate::{
    api,
    components::{HEADING, focus_if_removed, focus_soon, use_toasts},
    lean::watch,
    state::{Submission, submission, use_organization},
};

/// The first field with an error.
const INVALID_FIELD: &str = "#main [aria-invalid='true']";

/// The settings of the organization, as saved and as typed. Copies are the same form.
#[derive(Clone, Copy)]
pub(super) struct SettingsForm {
    saved: RwSignal<OrganizationSettings>,
    parts: RwSignal<Vec<FormPart>>,
    /// The typed settings that differ from the saved ones.
    changes: Signal<SettingsChanges>,
    /// Data that the changes delete, while that is to be confirmed.
    deletion: RwSignal<Option<Deletion>>,
    /// Counts the calls that the changes delete.
    count: Submission<SettingsChanges>,
    save: Submission<SettingsChanges>,
}

/// A section's part of the form.
#[derive(Clone, Copy)]
struct FormPart {
    /// Its settings as typed.
    changes: Signal<SettingsChanges>,
    /// Resets its fields to the saved settings.
    reset: Callback<()>,
}

impl SettingsForm {
    pub(super) fn new(settings: OrganizationSettings) -> Self {
        let saved = RwSignal::new(settings);
        let parts = RwSignal::new(Vec::<FormPart>::new());
        let deletion = RwSignal::new(None);
        let slug = use_organization().slug();
        let toasts = use_toasts();
        let save = submission(
            {
                let slug = slug.clone();
                move |changes: &SettingsChanges| api::organizations::UpdateSettings {
                    organization: slug.clone(),
                    changes: changes.clone(),
                }
            },
            move |changes, ()| {
                saved.update(|saved| *saved = saved.with(changes));
                toasts.show_success("Changes saved.");
                // The save bar is gone, with the button that had the focus.
                focus_if_removed(HEADING);
            },
        );
        let count = submission(
            move |changes: &SettingsChanges| api::organizations::CountDeletedCalls {
                organization: slug.clone(),
                call_retention: changes.call_retention.unwrap_or_default(),
            },
            move |changes, calls| {
                let found = saved.with_untracked(|saved| Deletion::of(saved, changes.clone(), calls));
                match found {
                    Some(found) => deletion.set(Some(found)),
                    None => save.send(changes),
                }
            },
        );
        let changes = Signal::derive(move || {
            let changed = |part: &FormPart| {
                let changes = part.changes.get();
                saved.with(|saved| saved.with(changes.clone()) != *saved).then_some(changes)
            };
            parts.with(|parts| parts.iter().filter_map(changed).fold(SettingsChanges::default(), SettingsChanges::and))
        });
        let form = Self { saved, parts, changes, deletion, count, save };
        let error = form.error();
        watch(move || {
            if error.with(Option::is_some) {
                focus_soon(INVALID_FIELD);
            }
        });
        form
    }

    /// Adds a section: its settings as typed, and what resets them.
    pub(super) fn add(&self, changes: Signal<SettingsChanges>, reset: impl Fn() + Send + Sync + 'static) {
        self.parts.update(|parts| parts.push(FormPart { changes, reset: Callback::new(move |()| reset()) }));
    }

    pub(super) fn saved(&self) -> RwSignal<OrganizationSettings> {
        self.saved
    }

    /// Whether anything that is typed isn't saved.
    pub(super) fn dirty(&self) -> Signal<bool> {
        let changes = self.changes;
        Memo::new(move |_| changes.get() != SettingsChanges::default()).into()
    }

    /// Whether the changes are on their way.
    pub(super) fn pending(&self) -> Signal<bool> {
        let (counting, saving) = (self.count.pending(), self.save.pending());
        Signal::derive(move || counting.get() || saving.get())
    }

    /// The error of the last attempt.
    pub(super) fn error(&self) -> Signal<Option<ApiError>> {
        let (counting, saving) = (self.count.error(), self.save.error());
        Signal::derive(move || saving.get().or_else(|| counting.get()))
    }

    /// The error of one field.
    pub(super) fn field(&self, name: &'static str) -> Signal<Option<String>> {
        let error = self.error();
        Signal::derive(move || error.with(|error| error.as_ref()?.field(name).map(str::to_owned)))
    }

    /// Data that the changes delete, while that is to be confirmed.
    pub(super) fn deletion(&self) -> RwSignal<Option<Deletion>> {
        self.deletion
    }

    /// Saves the changes. Those that delete something have to be confirmed first.
    pub(super) fn submit(&self) {
        let (saved, changes) = (self.saved.get_untracked(), self.changes.get_untracked());
        self.count.clear();
        self.save.clear();
        match saved.changed(changes.clone()) {
            _ if changes == SettingsChanges::default() => {}
            Ok(_) if Deletion::is_possible(&saved, &changes) => self.count.send(changes),
            settings => self.save.send_validated(settings.map(|_| changes)),
        }
    }

    /// Saves changes whose deletion was confirmed.
    pub(super) fn save_confirmed(&self, changes: SettingsChanges) {
        self.deletion.set(None);
        self.save.send(changes);
    }

    /// Takes over changes that were saved elsewhere on the page.
    pub(super) fn take(&self, changes: SettingsChanges) {
        self.saved.update(|saved| *saved = saved.with(changes));
    }

    /// Resets all fields to what is saved.
    pub(super) fn discard(&self) {
        for part in self.parts.get_untracked() {
            part.reset.run(());
        }
        self.save.clear();
        self.count.clear();
        focus_if_removed(HEADING);
    }
}
