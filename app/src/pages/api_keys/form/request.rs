//! The request that a draft stands for, or the errors in it.

use domain::{
    api_keys::{ApiKey, ApiKeyChanges, Expiration, Level, Network, NewApiKey, Scope},
    errors::FieldErrors,
    ids::ProjectId,
    rate_limits::RateLimits,
};
use leptos::prelude::*;

use super::{
    draft::{Draft, METADATA_ONLY},
    networks,
};
use crate::state::now;

impl Draft {
    /// The new key in this project with this expiration, or the errors of all fields.
    pub(super) fn new_key(
        &self,
        project: &str,
        expiration: Result<Expiration, &'static str>,
    ) -> Result<NewApiKey, FieldErrors> {
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
            life: errors.check("life", expiration).unwrap_or(Expiration::Days(1)),
            rotate_every_days: self.reminder.with(|days| days.parse().ok()),
            rate_limits: self.chosen_rates(&mut errors),
            metadata_only: self.is_metadata_only(),
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
            rate_limits: changed(self.chosen_rates(&mut errors), &key.rate_limits)
                .filter(|_| key.level.may_call_models()),
            metadata_only: changed(self.is_metadata_only(), &key.metadata_only).filter(|_| key.level.may_call_models()),
        };
        merge_errors(errors, changes.validated(key.level))
    }

    pub(super) fn chosen_scopes(&self, level: Level, errors: &mut FieldErrors) -> Vec<Scope> {
        if self.all_scopes.get() {
            return Vec::new();
        }
        let offered = Scope::of(level).iter().copied();
        let mut scopes: Vec<_> =
            self.scopes.with(|chosen| offered.filter(|scope| chosen.iter().any(|name| name == scope.name())).collect());
        scopes.sort_unstable();
        if scopes.is_empty() {
            errors.add("scopes", "Select at least one, or allow all.");
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
            errors.add("models", "Select at least one, or allow all.");
        }
        models
    }

    fn chosen_networks(&self, errors: &mut FieldErrors) -> Vec<Network> {
        if self.anywhere.get() {
            return Vec::new();
        }
        let parsed = self.networks.with(|text| networks::parse(text));
        let networks = errors.check("ip_allowlist", parsed).unwrap_or_default();
        if networks.is_empty() {
            errors.add("ip_allowlist", "Enter at least one IP or range, or allow any.");
        }
        networks
    }

    /// The typed limits; keys that don't call models have none.
    fn chosen_rates(&self, errors: &mut FieldErrors) -> RateLimits {
        if self.level().may_call_models() { self.rates.read(errors) } else { RateLimits::NONE }
    }

    /// Whether no bodies are to be stored; keys that don't call models have no such choice.
    fn is_metadata_only(&self) -> bool {
        self.level().may_call_models() && self.logging.with(|logging| logging == METADATA_ONLY)
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
