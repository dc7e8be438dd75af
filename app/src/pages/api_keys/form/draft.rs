use domain::{
    api_keys::{ApiKey, ApiKeyChanges, Expiration, Hint, Level, Network, NewApiKey, Scope},
    errors::FieldErrors,
    ids::ProjectId,
    rate_limits::RateLimits,
};
use leptos::prelude::*;

use super::{expiration, rates};
use crate::{components::RateDraft, state::now};

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
    /// The chosen lifetime: a number of days, [`expiration::DATE`], or [`expiration::NEVER`].
    pub(super) life: RwSignal<String>,
    /// The chosen last day, such as `2026-11-17`.
    pub(super) day: RwSignal<String>,
    /// Days between reminders; empty for none.
    pub(super) reminder: RwSignal<String>,
    pub(super) rates: RateDraft,
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
            life: RwSignal::new(expiration::DEFAULT.to_owned()),
            day: text(),
            reminder: text(),
            rates: RateDraft::new(RateLimits::NONE),
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

    /// The new key in this project with this lifetime, or the errors of all fields.
    pub(super) fn new_key(&self, project: &str, life: &str) -> Result<NewApiKey, FieldErrors> {
        let mut errors = FieldErrors::default();
        let level = self.level();
        let project: Option<ProjectId> = project.parse().ok();
        let new_key = NewApiKey {
            name: self.name.get(),
            description: self.description.get(),
            project_id: project.filter(|_| level.needs_project()),
            level,
            scopes: self.chosen_scopes(level, &mut errors),
            models: self.chosen_models(level, &mut errors),
            ip_allowlist: self.chosen_networks(&mut errors),
            life: errors.check("life", expiration::parse(life, &self.day.get())).unwrap_or(Expiration::Days(1)),
            rotate_every_days: self.reminder.with(|days| days.parse().ok()),
            rate_limits: rates::read(self, &mut errors),
        };
        merge_errors(errors, new_key.validated(now()))
    }

    /// The changes against `key`, or the errors of all fields.
    pub(super) fn changes(&self, key: &ApiKey) -> Result<ApiKeyChanges, FieldErrors> {
        let mut errors = FieldErrors::default();
        let (mut scopes, mut models) = (key.scopes.clone(), key.models.clone());
        scopes.sort_unstable();
        models.sort_unstable();
        let project: Option<ProjectId> = self.project.with(|project| project.parse().ok());
        let reminder = self.reminder.with(|days| days.parse().unwrap_or(0));
        let changes = ApiKeyChanges {
            name: changed(self.name.with(|name| name.trim().to_owned()), &key.name),
            description: changed(self.description.with(|text| text.trim().to_owned()), &key.description),
            scopes: changed(self.chosen_scopes(key.level, &mut errors), &scopes),
            models: changed(self.chosen_models(key.level, &mut errors), &models),
            ip_allowlist: changed(self.chosen_networks(&mut errors), &key.ip_allowlist),
            project_id: project.filter(|id| key.project.as_ref().is_some_and(|project| project.id != *id)),
            rotate_every_days: changed(reminder, &key.rotate_every_days.unwrap_or(0)),
            rate_limits: changed(rates::read(self, &mut errors), &key.rate_limits)
                .filter(|_| key.level.may_call_models()),
        };
        merge_errors(errors, changes.validated(key.level))
    }

    fn chosen_scopes(&self, level: Level, errors: &mut FieldErrors) -> Vec<Scope> {
        if self.all_scopes.get() {
            return Vec::new();
        }
        let offered = Scope::of(level).iter().copied();
        let mut scopes: Vec<_> =
            self.scopes.with(|chosen| offered.filter(|scope| chosen.iter().any(|name| name == scope.name())).collect());
        scopes.sort_unstable();
        if scopes.is_empty() {
            errors.add("scopes", "Choose at least one, or allow all.");
        }
        scopes
    }

    fn chosen_models(&self, level: Level, errors: &mut FieldErrors) -> Vec<String> {
        if self.all_models.get() || !level.may_call_models() {
            return Vec::new();
        }
        let mut models = self.models.get();
        models.sort_unstable();
        if models.is_empty() {
            errors.add("models", "Choose at least one, or allow all.");
        }
        models
    }

    fn chosen_networks(&self, errors: &mut FieldErrors) -> Vec<Network> {
        if self.anywhere.get() {
            return Vec::new();
        }
        let mut networks = Vec::new();
        self.networks.with(|text| {
            for (index, line) in text.lines().enumerate().filter(|(_, line)| !line.trim().is_empty()) {
                match line.parse() {
                    Ok(network) => networks.push(network),
                    Err(error) => errors.add("ip_allowlist", format!("Line {}: {error}", index + 1)),
                }
            }
        });
        networks.sort_unstable();
        networks.dedup();
        if networks.is_empty() {
            errors.add("ip_allowlist", "Name at least one network, or allow all.");
        }
        networks
    }
}

/// The new value, if it differs.
fn changed<T: PartialEq>(new: T, old: &T) -> Option<T> {
    (new != *old).then_some(new)
}

/// The validated value, unless `errors` has others; then all errors together.
fn merge_errors<T>(mut errors: FieldErrors, validated: Result<T, FieldErrors>) -> Result<T, FieldErrors> {
    if let Err(others) = &validated {
        others.iter().for_each(|(field, message)| errors.add(field, message));
    }
    errors.into_result().and(validated)
}
