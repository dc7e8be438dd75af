//! API keys: what they look like, what they may do, and how one is asked for.

mod secret;

use std::{fmt, str::FromStr};

use serde::{Deserialize, Serialize};

pub use secret::{InvalidSecret, Secret};

use crate::{
    errors::FieldErrors,
    ids::{ApiKeyId, ProjectId, UserId},
    money::Money,
    time::Timestamp,
    validation,
};

/// How much a key may do.
#[derive(Clone, Copy, Debug, Deserialize, Eq, Hash, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Level {
    /// Usage monitoring only.
    Read,
    /// API inference.
    Standard,
    /// The management API too.
    Admin,
}

impl Level {
    pub const ALL: [Self; 3] = [Self::Read, Self::Standard, Self::Admin];

    pub const fn name(self) -> &'static str {
        match self {
            Self::Read => "read",
            Self::Standard => "standard",
            Self::Admin => "admin",
        }
    }

    /// What it stands for in a secret.
    pub const fn tag(self) -> &'static str {
        match self {
            Self::Read => "read",
            Self::Standard => "std",
            Self::Admin => "admin",
        }
    }

    /// Whether a key of this level belongs to a project.
    pub const fn needs_project(self) -> bool {
        !matches!(self, Self::Admin)
    }

    /// Whether it may call models through the gateway.
    pub const fn may_call_models(self) -> bool {
        !matches!(self, Self::Read)
    }
}

impl fmt::Display for Level {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl FromStr for Level {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        Self::ALL
            .into_iter()
            .find(|level| level.name() == text)
            .ok_or_else(|| "A level is read, standard or admin.".to_owned())
    }
}

/// What has become of a key.
#[derive(Clone, Copy, Debug, Deserialize, Eq, Hash, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Status {
    Active,
    Rotating,
    Expired,
    Revoked,
    Disabled,
}

impl Status {
    pub const ALL: [Self; 5] = [Self::Active, Self::Rotating, Self::Expired, Self::Revoked, Self::Disabled];

    pub const fn name(self) -> &'static str {
        match self {
            Self::Active => "active",
            Self::Rotating => "rotating",
            Self::Expired => "expired",
            Self::Revoked => "revoked",
            Self::Disabled => "disabled",
        }
    }
}

/// Longest life of a key that may be chosen, in days.
pub const LONGEST_LIFE_DAYS: u32 = 3650;
/// Most models a key's allow-list may name.
pub const MOST_MODELS: usize = 200;

/// What somebody asks for when they create a key.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(deny_unknown_fields)]
pub struct NewApiKey {
    pub name: String,
    #[serde(default)]
    pub description: String,
    /// Needed for all levels but admin, which has none.
    pub project_id: Option<ProjectId>,
    pub level: Level,
    /// The only models it may call; empty for all.
    #[serde(default)]
    pub models: Vec<String>,
    /// Days from now until it expires; `None` for never.
    pub expires_in_days: Option<u32>,
}

impl NewApiKey {
    /// The same, trimmed, or what is wrong with it. That project and models exist is the server's to check.
    pub fn validated(mut self) -> Result<Self, FieldErrors> {
        let mut errors = FieldErrors::default();
        self.name = errors.check("name", validation::name(&self.name)).unwrap_or_default();
        self.description = errors.check("description", validation::description(&self.description)).unwrap_or_default();
        match (self.level.needs_project(), self.project_id) {
            (true, None) => errors.add("project_id", "Choose a project."),
            (false, Some(_)) => errors.add("project_id", "An admin key belongs to no project."),
            _ => {}
        }
        if self.models.len() > MOST_MODELS {
            errors.add("models", format!("Choose at most {MOST_MODELS} models."));
        }
        if self.expires_in_days.is_some_and(|days| days == 0 || days > LONGEST_LIFE_DAYS) {
            errors.add("expires_in_days", format!("Choose 1 to {LONGEST_LIFE_DAYS} days."));
        }
        errors.into_result().map(|()| self)
    }
}

/// A key as it is shown; its secret isn't known to anybody any more.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct ApiKey {
    pub id: ApiKeyId,
    pub name: String,
    pub description: String,
    /// Prefix and last four characters: `toll_std_…k3Fa`.
    pub masked: String,
    pub project: Option<ProjectRef>,
    pub level: Level,
    pub models: Vec<String>,
    pub status: Status,
    pub created_at: Timestamp,
    pub created_by: Option<Creator>,
    pub expires_at: Option<Timestamp>,
    pub revoked_at: Option<Timestamp>,
    pub last_used_at: Option<Timestamp>,
    pub calls_this_month: i64,
    pub spend_this_month: Money,
}

/// A project, as other things name it.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct ProjectRef {
    pub id: ProjectId,
    pub name: String,
}

/// Who made a key.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct Creator {
    pub id: UserId,
    pub name: String,
}

/// A key just made, with its secret: the only time it is ever told.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct CreatedApiKey {
    pub api_key: ApiKey,
    pub secret: String,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn asked() -> NewApiKey {
        NewApiKey {
            name: " web ".to_owned(),
            description: String::new(),
            project_id: Some(ProjectId::new(uuid::Uuid::nil())),
            level: Level::Standard,
            models: vec![],
            expires_in_days: Some(90),
        }
    }

    #[test]
    fn a_good_request_is_trimmed() {
        assert_eq!(asked().validated().unwrap().name, "web");
    }

    #[test]
    fn every_wrong_field_is_named() {
        let wrong = NewApiKey {
            name: " ".to_owned(),
            project_id: None,
            expires_in_days: Some(0),
            description: "x".repeat(501),
            ..asked()
        };
        let errors = wrong.validated().unwrap_err();
        for field in ["name", "project_id", "expires_in_days", "description"] {
            assert!(errors.get(field).is_some(), "{field}");
        }
    }

    #[test]
    fn an_admin_key_has_no_project() {
        let wrong = NewApiKey { level: Level::Admin, ..asked() };
        assert!(wrong.validated().unwrap_err().get("project_id").is_some());
    }
}
