//! Request and response bodies of calls, stored for a time that each organization chooses.

mod conversation;
mod deletion;
mod exclusion;
mod indent;
mod view;

use serde::{Deserialize, Serialize};

pub use conversation::{Conversation, ConversationTurn, TurnPart};
pub use deletion::BodyDeletion;
pub use exclusion::BodyExclusion;
pub use indent::indent_json;
pub use view::{BodyForm, BodyMedia, BodySide, BodyView, BodyViews, MAX_SHOWN_BYTES};

use crate::{errors::FieldErrors, time::Timestamp};

/// Days for which bodies can be stored.
pub const BODY_DAYS: std::ops::RangeInclusive<u32> = 1..=90;
/// Days for which bodies are stored unless another number is chosen.
pub const DEFAULT_BODY_DAYS: u32 = 30;
/// Maximum size of a stored body that can be chosen, in bytes.
pub const BODY_LIMIT: std::ops::RangeInclusive<u32> = 1024..=4 * 1024 * 1024;
/// Default maximum size of a stored body: 256 KiB.
pub const DEFAULT_BODY_LIMIT: u32 = 256 * 1024;
/// Maximum number of fields that can be redacted.
pub const MAX_REDACTED_FIELDS: usize = 100;
/// Maximum length of a redacted field's name, in bytes.
const MAX_FIELD_LENGTH: usize = 200;

/// An organization's settings for storing the bodies of its calls. By default none are stored.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(deny_unknown_fields, default)]
pub struct BodySettings {
    /// Days for which bodies are stored; `None` to store none.
    pub days: Option<u32>,
    /// Maximum number of bytes stored of a request or a response; longer bodies are cut.
    pub limit: u32,
    /// JSON fields whose values aren't stored: names, which match at any depth, or names with their parents'
    /// before them, such as `metadata.customer`. Lists don't count as parents.
    pub redact: Vec<String>,
    /// Whether the organization has yet to choose between storing bodies and storing none. Until then none are stored.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub undecided: bool,
}

impl Default for BodySettings {
    fn default() -> Self {
        Self { days: None, limit: DEFAULT_BODY_LIMIT, redact: Vec::new(), undecided: false }
    }
}

impl BodySettings {
    /// Trims and deduplicates the names of fields, and adds a message to `errors` for each invalid setting.
    pub fn validated(self, errors: &mut FieldErrors) -> Self {
        if self.days.is_some_and(|days| !BODY_DAYS.contains(&days)) {
            errors.add("body_days", format!("Choose {} to {} days.", BODY_DAYS.start(), BODY_DAYS.end()));
        }
        if !BODY_LIMIT.contains(&self.limit) {
            let (min, max) = (BODY_LIMIT.start() / 1024, BODY_LIMIT.end() / 1024);
            errors.add("body_limit", format!("Choose {min} to {max} KiB."));
        }
        let mut redact: Vec<String> = Vec::with_capacity(self.redact.len());
        for field in &self.redact {
            let field = field.trim();
            if !field.is_empty() && !redact.iter().any(|other| other == field) {
                redact.push(field.to_owned());
            }
        }
        let is_invalid = |field: &String| field.len() > MAX_FIELD_LENGTH || field.split('.').any(str::is_empty);
        if redact.len() > MAX_REDACTED_FIELDS {
            errors.add("body_redact", format!("Enter at most {MAX_REDACTED_FIELDS} fields."));
        } else if let Some(field) = redact.iter().find(|field| is_invalid(field)) {
            let advice = "Use a name or a path, such as content or metadata.customer.";
            errors.add("body_redact", format!("{field:?} isn't a valid field. {advice}"));
        }
        Self { undecided: self.undecided && self.days.is_none(), redact, ..self }
    }
}

/// Request and response bodies of one call.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct CallBodies {
    pub request: StoredBody,
    pub response: StoredBody,
    /// Time at which they are deleted.
    pub expires_at: Timestamp,
}

/// A stored request or response.
#[derive(Clone, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
pub struct StoredBody {
    /// Headers by name; values without secrets.
    pub headers: Vec<(String, String)>,
    /// The body; `None` where it isn't text, such as audio or a form with files.
    pub text: Option<String>,
    /// Number of bytes transferred.
    pub bytes: u64,
    /// Whether the end is missing, since the body exceeded the limit.
    pub cut: bool,
    /// Whether it was assembled from the events of a stream.
    pub assembled: bool,
}

/// The bodies of a call, or the reason why there are none.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(tag = "state", rename_all = "snake_case")]
pub enum BodiesState<T = CallBodies> {
    /// Both bodies, as far as they were stored.
    Kept(T),
    /// The organization stores no bodies.
    Off,
    /// The request or its key asked that none be stored.
    Excluded { by: BodyExclusion },
    /// They were deleted, or there were none.
    Gone,
}

impl<T> BodiesState<T> {
    /// Converts the bodies, if there are some.
    pub fn map<U>(self, convert: impl FnOnce(T) -> U) -> BodiesState<U> {
        match self {
            Self::Kept(bodies) => BodiesState::Kept(convert(bodies)),
            Self::Off => BodiesState::Off,
            Self::Excluded { by } => BodiesState::Excluded { by },
            Self::Gone => BodiesState::Gone,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn checked(settings: BodySettings) -> Result<BodySettings, FieldErrors> {
        let mut errors = FieldErrors::default();
        let settings = settings.validated(&mut errors);
        errors.into_result().map(|()| settings)
    }

    #[test]
    fn what_can_be_chosen() {
        let default = BodySettings::default();
        assert_eq!((default.days, default.limit), (None, 262_144));
        assert!(checked(default.clone()).is_ok());
        let undecided = BodySettings { undecided: true, ..default.clone() };
        assert_eq!(checked(undecided.clone()).unwrap(), undecided);
        assert!(!checked(BodySettings { days: Some(30), ..undecided }).unwrap().undecided);
        let redact = [" content ", "content", "metadata.customer", ""].map(str::to_owned).to_vec();
        let chosen = checked(BodySettings { redact, ..default.clone() }).unwrap();
        assert_eq!(chosen.redact, ["content", "metadata.customer"]);
        for wrong in [
            BodySettings { days: Some(0), ..default.clone() },
            BodySettings { days: Some(91), ..default.clone() },
            BodySettings { limit: 1023, ..default.clone() },
            BodySettings { redact: vec!["a..b".to_owned()], ..default.clone() },
            BodySettings { redact: (0..101).map(|number| number.to_string()).collect(), ..default },
        ] {
            assert!(checked(wrong.clone()).is_err(), "{wrong:?}");
        }
    }
}
