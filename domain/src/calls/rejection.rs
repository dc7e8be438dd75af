//! Why the gateway rejected a call.

use serde::{Deserialize, Serialize};

/// Maximum length of what is kept of a rejection's message, in characters.
const MAX_MESSAGE_LENGTH: usize = 500;
/// Maximum length of what is kept of a requested model's name, in characters.
const MAX_MODEL_LENGTH: usize = 100;

/// The rule by which a call was rejected.
#[derive(Clone, Copy, Debug, Default, Deserialize, Eq, Hash, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum RejectionRule {
    /// The key was revoked.
    Revoked,
    /// The key, or its secret, has expired.
    Expired,
    /// The key was disabled since its secret leaked.
    Leaked,
    /// The client's address isn't in the key's networks.
    Network,
    /// The key lacks a permission that it could have.
    Scope,
    /// Keys of this level can't have the permission.
    Level,
    /// The model isn't one of the key's.
    Model,
    /// No model of this name is on offer.
    UnknownModel,
    /// The key's project is archived.
    ArchivedProject,
    /// The key's own rate limit.
    KeyRate,
    /// The rate limit of the key's project.
    ProjectRate,
    /// The organization's rate limit.
    OrganizationRate,
    /// Too many calls of the key ran at once, or uploaded at once.
    Concurrency,
    /// The request itself is invalid.
    Request,
    /// The server couldn't take the call.
    Server,
    /// A rule that a later version has added.
    #[default]
    #[serde(other)]
    Other,
}

/// The explanation of a rejected call.
#[derive(Clone, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
#[serde(default)]
pub struct CallRejection {
    pub rule: RejectionRule,
    /// The sentence that the client got.
    pub message: String,
    /// The model that was asked for, whether or not it is on offer; empty if the request wasn't read so far.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub model: String,
}

impl CallRejection {
    /// Makes an explanation, with overlong texts cut off.
    pub fn new(rule: RejectionRule, message: &str, model: &str) -> Self {
        let beginning = |text: &str, length| text.chars().take(length).collect();
        Self { rule, message: beginning(message, MAX_MESSAGE_LENGTH), model: beginning(model, MAX_MODEL_LENGTH) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_rejection_is_read_as_it_was_written_and_a_later_versions_rule_as_another() {
        let rejection = CallRejection::new(RejectionRule::ProjectRate, "Too fast.", "");
        let json = serde_json::to_string(&rejection).unwrap();
        assert_eq!(json, r#"{"rule":"project_rate","message":"Too fast."}"#);
        assert_eq!(serde_json::from_str::<CallRejection>(&json).unwrap(), rejection);
        let later = r#"{"rule":"moon_phase","message":"x","model":"y"}"#;
        let later = serde_json::from_str::<CallRejection>(later).unwrap();
        assert_eq!((later.rule, later.model.as_str()), (RejectionRule::Other, "y"));
    }

    #[test]
    fn no_more_is_kept_than_a_sentence_and_a_name() {
        let rejection = CallRejection::new(RejectionRule::Request, &"ü".repeat(900), &"m".repeat(900));
        assert_eq!((rejection.message.chars().count(), rejection.model.len()), (500, 100));
    }
}
