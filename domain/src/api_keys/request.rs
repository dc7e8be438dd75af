//! Requests to create and to change a key.

use serde::{Deserialize, Serialize};

use super::{Expiration, Level, MAX_NETWORKS, Network, Scope};
use crate::{errors::FieldErrors, ids::ProjectId, rate_limits::RateLimits, time::Timestamp, validation};

/// Maximum number of models in a key's allowlist.
pub const MAX_MODELS: usize = 200;
/// Maximum number of days between two reminders to rotate.
pub const MAX_REMINDER_DAYS: u32 = 730;

/// A request to create a key.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(deny_unknown_fields)]
pub struct NewApiKey {
    pub name: String,
    #[serde(default)]
    pub description: String,
    /// Required for all levels but admin, whose keys have no project.
    pub project_id: Option<ProjectId>,
    pub level: Level,
    /// Scopes the key may use; empty for all of its level.
    #[serde(default)]
    pub scopes: Vec<Scope>,
    /// Models the key may call; empty for all.
    #[serde(default)]
    pub models: Vec<String>,
    /// Networks the key may be used from; empty for all.
    #[serde(default)]
    pub ip_allowlist: Vec<Network>,
    #[serde(default)]
    pub life: Expiration,
    /// Days after which its owner is reminded to rotate it; `None` for never.
    #[serde(default)]
    pub rotate_every_days: Option<u32>,
    /// Rate limits of the key; those of its project and organization apply too.
    #[serde(default)]
    pub rate_limits: RateLimits,
    /// Whether the bodies of the key's calls are never stored, whatever the organization stores.
    #[serde(default)]
    pub metadata_only: bool,
}

impl NewApiKey {
    /// A request for a key of `level` without restrictions that never expires.
    pub fn plain(name: impl Into<String>, level: Level, project_id: Option<ProjectId>) -> Self {
        Self {
            name: name.into(),
            description: String::new(),
            project_id,
            level,
            scopes: Vec::new(),
            models: Vec::new(),
            ip_allowlist: Vec::new(),
            life: Expiration::Never,
            rotate_every_days: None,
            rate_limits: RateLimits::NONE,
            metadata_only: false,
        }
    }

    /// Trims and checks the request at `now`. The server also checks that project and models exist, and the
    /// organization's policy.
    pub fn validated(mut self, now: Timestamp) -> Result<Self, FieldErrors> {
        let mut errors = FieldErrors::default();
        self.name = errors.check("name", validation::name(&self.name)).unwrap_or_default();
        self.description = errors.check("description", validation::description(&self.description)).unwrap_or_default();
        match (self.level.needs_project(), self.project_id) {
            (true, None) => errors.add("project_id", "Choose a project."),
            (false, Some(_)) => errors.add("project_id", "Admin keys don't belong to a project."),
            _ => {}
        }
        check_scopes(&mut errors, self.level, &mut self.scopes);
        check_models(&mut errors, &mut self.models);
        check_networks(&mut errors, &mut self.ip_allowlist);
        errors.check("life", self.life.check(now));
        check_reminder(&mut errors, self.rotate_every_days);
        self.rate_limits.check(&mut errors);
        errors.into_result().map(|()| self)
    }
}

/// Changes of a key; `None` leaves a field as it is. Level and expiration can't be changed.
#[derive(Clone, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
#[serde(deny_unknown_fields, default)]
pub struct ApiKeyChanges {
    pub name: Option<String>,
    pub description: Option<String>,
    pub scopes: Option<Vec<Scope>>,
    pub models: Option<Vec<String>>,
    pub ip_allowlist: Option<Vec<Network>>,
    /// Moves the key to another project; calls made before stay in the old one.
    pub project_id: Option<ProjectId>,
    /// 0 for no reminder.
    pub rotate_every_days: Option<u32>,
    /// Replaces both limits.
    pub rate_limits: Option<RateLimits>,
    /// Whether bodies of the key's later calls are never stored.
    pub metadata_only: Option<bool>,
}

impl ApiKeyChanges {
    /// Trims and checks the changes for a key of `level`.
    pub fn validated(mut self, level: Level) -> Result<Self, FieldErrors> {
        let mut errors = FieldErrors::default();
        if let Some(name) = &self.name {
            self.name = errors.check("name", validation::name(name));
        }
        if let Some(description) = &self.description {
            self.description = errors.check("description", validation::description(description));
        }
        if self.project_id.is_some() && !level.needs_project() {
            errors.add("project_id", "Admin keys don't belong to a project.");
        }
        if let Some(scopes) = &mut self.scopes {
            check_scopes(&mut errors, level, scopes);
        }
        if let Some(models) = &mut self.models {
            check_models(&mut errors, models);
        }
        if let Some(networks) = &mut self.ip_allowlist {
            check_networks(&mut errors, networks);
        }
        check_reminder(&mut errors, self.rotate_every_days.filter(|days| *days > 0));
        if let Some(limits) = &self.rate_limits {
            limits.check(&mut errors);
        }
        errors.into_result().map(|()| self)
    }
}

fn check_scopes(errors: &mut FieldErrors, level: Level, scopes: &mut Vec<Scope>) {
    scopes.sort_unstable();
    scopes.dedup();
    if let Some(scope) = scopes.iter().find(|scope| !Scope::of(level).contains(scope)) {
        errors.add("scopes", format!("A {level} key can't have the scope {scope}."));
    }
}

fn check_models(errors: &mut FieldErrors, models: &mut Vec<String>) {
    models.sort_unstable();
    models.dedup();
    if models.len() > MAX_MODELS {
        errors.add("models", format!("Choose at most {MAX_MODELS} models."));
    }
}

fn check_networks(errors: &mut FieldErrors, networks: &mut Vec<Network>) {
    networks.sort_unstable();
    networks.dedup();
    if networks.len() > MAX_NETWORKS {
        errors.add("ip_allowlist", format!("Enter at most {MAX_NETWORKS} IP addresses and CIDR ranges."));
    }
}

fn check_reminder(errors: &mut FieldErrors, days: Option<u32>) {
    if days.is_some_and(|days| days == 0 || days > MAX_REMINDER_DAYS) {
        errors.add("rotate_every_days", format!("Choose 1 to {MAX_REMINDER_DAYS} days."));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Timestamp = Timestamp::from_millis(1_800_000_000_000);

    fn request() -> NewApiKey {
        NewApiKey::plain(" web ", Level::Standard, Some(ProjectId::new(uuid::Uuid::nil())))
    }

    #[test]
    fn a_good_request_is_trimmed_and_sorted() {
        let request = NewApiKey { scopes: vec![Scope::Models, Scope::Chat, Scope::Chat], ..request() };
        let validated = request.validated(NOW).unwrap();
        assert_eq!(validated.name, "web");
        assert_eq!(validated.scopes, [Scope::Chat, Scope::Models]);
    }

    #[test]
    fn every_wrong_field_is_named() {
        let wrong = NewApiKey {
            name: " ".to_owned(),
            project_id: None,
            life: Expiration::Days(0),
            description: "x".repeat(501),
            scopes: vec![Scope::ApiKeysWrite],
            rotate_every_days: Some(0),
            ..request()
        };
        let errors = wrong.validated(NOW).unwrap_err();
        for field in ["name", "project_id", "life", "description", "scopes", "rotate_every_days"] {
            assert!(errors.get(field).is_some(), "{field}");
        }
    }

    #[test]
    fn an_admin_key_has_no_project() {
        let wrong = NewApiKey { level: Level::Admin, ..request() };
        assert!(wrong.validated(NOW).unwrap_err().get("project_id").is_some());
        let moved = ApiKeyChanges { project_id: request().project_id, ..ApiKeyChanges::default() };
        assert!(moved.clone().validated(Level::Admin).unwrap_err().get("project_id").is_some());
        assert!(moved.validated(Level::Standard).is_ok());
    }

    #[test]
    fn changes_are_checked_like_a_new_key() {
        let wrong = ApiKeyChanges {
            name: Some(String::new()),
            scopes: Some(vec![Scope::Chat]),
            rotate_every_days: Some(731),
            ..ApiKeyChanges::default()
        };
        let errors = wrong.validated(Level::Read).unwrap_err();
        for field in ["name", "scopes", "rotate_every_days"] {
            assert!(errors.get(field).is_some(), "{field}");
        }
        assert!(ApiKeyChanges { rotate_every_days: Some(0), ..Default::default() }.validated(Level::Read).is_ok());
    }
}
