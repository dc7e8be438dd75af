//! The content of the form for a key, as typed and chosen.

use domain::{
    api_keys::{ApiKey, DEFAULT_LIFE_DAYS, Hint, Level, Scope},
    rate_limits::RateLimits,
};
use leptos::prelude::*;

use crate::components::RateDraft;

/// The lifetime that ends on a chosen day.
pub(super) const DATED_LIFE: &str = "date";
/// The lifetime without an end.
pub(super) const ENDLESS_LIFE: &str = "";

/// The choice of storing no bodies of a key's calls.
pub(super) const METADATA_ONLY: &str = "metadata";

/// The form's content: a new key, or the edited settings of one.
#[derive(Clone, Copy)]
pub(in crate::pages::api_keys) struct Draft {
    pub(super) name: RwSignal<String>,
    pub(super) description: RwSignal<String>,
    pub(super) level: RwSignal<String>,
    /// Id of the chosen project; empty for none.
    pub(super) project: RwSignal<String>,
    pub(super) all_scopes: RwSignal<bool>,
    pub(super) scopes: RwSignal<Vec<String>>,
    pub(super) all_models: RwSignal<bool>,
    pub(super) models: RwSignal<Vec<String>>,
    pub(super) anywhere: RwSignal<bool>,
    /// The networks, one on each line.
    pub(super) networks: RwSignal<String>,
    /// The chosen lifetime: a number of days, [`DATED_LIFE`], or [`ENDLESS_LIFE`].
    pub(super) life: RwSignal<String>,
    /// The chosen last day, such as `2026-11-17`.
    pub(super) day: RwSignal<String>,
    /// Days between reminders; empty for none.
    pub(super) reminder: RwSignal<String>,
    pub(super) rates: RateDraft,
    /// How calls are logged: [`METADATA_ONLY`], or empty for what the organization stores.
    pub(super) logging: RwSignal<String>,
}

impl Draft {
    /// An empty form.
    pub(in crate::pages::api_keys) fn new() -> Self {
        let text = || RwSignal::new(String::new());
        Self {
            name: text(),
            description: text(),
            level: RwSignal::new(Level::Standard.name().to_owned()),
            project: text(),
            all_scopes: RwSignal::new(true),
            scopes: RwSignal::new(Vec::new()),
            all_models: RwSignal::new(true),
            models: RwSignal::new(Vec::new()),
            anywhere: RwSignal::new(true),
            networks: text(),
            life: RwSignal::new(DEFAULT_LIFE_DAYS.to_string()),
            day: text(),
            reminder: text(),
            rates: RateDraft::new(RateLimits::NONE),
            logging: text(),
        }
    }

    /// A form with the settings of `key`.
    pub(in crate::pages::api_keys) fn of(key: &ApiKey) -> Self {
        let draft = Self::new();
        draft.name.set(key.name.clone());
        draft.description.set(key.description.clone());
        draft.level.set(key.level.name().to_owned());
        draft.project.set(key.project.as_ref().map(|project| project.id.to_string()).unwrap_or_default());
        draft.allow(&key.scopes, &key.models);
        draft.anywhere.set(key.ip_allowlist.is_empty());
        let lines: Vec<_> = key.ip_allowlist.iter().map(ToString::to_string).collect();
        draft.networks.set(lines.join("\n"));
        draft.reminder.set(key.rotate_every_days.map(|days| days.to_string()).unwrap_or_default());
        draft.rates.set(key.rate_limits);
        if key.metadata_only {
            draft.logging.set(METADATA_ONLY.to_owned());
        }
        draft
    }

    /// Narrows scopes and models to those in use, if `hint` names them.
    pub(in crate::pages::api_keys) fn narrow(&self, hint: &Hint) {
        if let Hint::Wide { scopes, models } = hint {
            self.allow(scopes, models);
        }
    }

    fn allow(&self, scopes: &[Scope], models: &[String]) {
        self.all_scopes.set(scopes.is_empty());
        self.scopes.set(scopes.iter().map(|scope| scope.name().to_owned()).collect());
        self.all_models.set(models.is_empty());
        self.models.set(models.to_vec());
    }

    /// Resets the form, except for the project.
    pub(super) fn clear(&self) {
        let empty = Self::new();
        for (signal, fresh) in [
            (self.name, empty.name),
            (self.description, empty.description),
            (self.level, empty.level),
            (self.networks, empty.networks),
            (self.life, empty.life),
            (self.day, empty.day),
            (self.reminder, empty.reminder),
            (self.logging, empty.logging),
        ] {
            signal.set(fresh.get_untracked());
        }
        self.rates.set(RateLimits::NONE);
        self.allow(&[], &[]);
        self.anywhere.set(true);
    }

    pub(super) fn level(&self) -> Level {
        self.level.with(|level| level.parse().unwrap_or(Level::Standard))
    }
}
