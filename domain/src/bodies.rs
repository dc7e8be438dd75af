//! What was said in calls: kept for a while, as each organization chooses.

mod indent;

use serde::{Deserialize, Serialize};

pub use indent::indented;

use crate::{errors::FieldErrors, time::Timestamp};

/// For how many days bodies may be kept.
pub const BODY_DAYS: std::ops::RangeInclusive<u32> = 1..=90;
/// For how many they are unless chosen otherwise.
pub const DEFAULT_BODY_DAYS: u32 = 30;
/// How much of a body may be kept, in bytes.
pub const BODY_LIMIT: std::ops::RangeInclusive<u32> = 1024..=4 * 1024 * 1024;
/// How much is kept unless chosen otherwise: 256 KiB.
pub const DEFAULT_BODY_LIMIT: u32 = 256 * 1024;
/// How many fields may be blackened, and how long the name of one may be, in bytes.
pub const REDACTED_FIELDS: usize = 100;
const FIELD_LENGTH: usize = 200;

/// Whether and how an organization keeps what is said in its calls.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(deny_unknown_fields, default)]
pub struct BodySettings {
    /// For how many days; `None` for not at all.
    pub days: Option<u32>,
    /// How many bytes of a request, and of an answer, are kept; what is longer is cut.
    pub limit: u32,
    /// JSON fields whose values aren't kept: names, which count at any depth, or names with their parents' before
    /// them, such as `metadata.customer`. Lists don't count as parents.
    pub redact: Vec<String>,
}

impl Default for BodySettings {
    fn default() -> Self {
        Self { days: Some(DEFAULT_BODY_DAYS), limit: DEFAULT_BODY_LIMIT, redact: Vec::new() }
    }
}

impl BodySettings {
    /// The same without spaces around names and without the names that are there twice.
    pub fn validated(self, errors: &mut FieldErrors) -> Self {
        if self.days.is_some_and(|days| !BODY_DAYS.contains(&days)) {
            errors.add("body_days", format!("Choose {} to {} days.", BODY_DAYS.start(), BODY_DAYS.end()));
        }
        if !BODY_LIMIT.contains(&self.limit) {
            let (least, most) = (BODY_LIMIT.start() / 1024, BODY_LIMIT.end() / 1024);
            errors.add("body_limit", format!("Choose {least} to {most} KiB."));
        }
        let mut redact: Vec<String> = Vec::with_capacity(self.redact.len());
        for field in &self.redact {
            let field = field.trim();
            if !field.is_empty() && !redact.iter().any(|other| other == field) {
                redact.push(field.to_owned());
            }
        }
        let wrong = |field: &String| field.len() > FIELD_LENGTH || field.split('.').any(str::is_empty);
        if redact.len() > REDACTED_FIELDS {
            errors.add("body_redact", format!("Name {REDACTED_FIELDS} fields at most."));
        } else if let Some(field) = redact.iter().find(|field| wrong(field)) {
            errors.add("body_redact", format!("{field:?} is no field such as \"content\" or \"metadata.customer\"."));
        }
        Self { redact, ..self }
    }
}

/// What was said in one call.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct Bodies {
    pub request: Body,
    pub response: Body,
    /// When they are deleted.
    pub expires_at: Timestamp,
}

/// One side of a call.
#[derive(Clone, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
pub struct Body {
    /// Names, and values without secrets.
    pub headers: Vec<(String, String)>,
    /// `None` where it can't be shown as a text, such as a sound or a form with files.
    pub text: Option<String>,
    /// How many bytes passed.
    pub bytes: u64,
    /// Whether the end is missing, since it was longer than what is kept.
    pub cut: bool,
    /// Whether it was put together from the pieces of a stream.
    pub assembled: bool,
}

/// Why there is nothing to show of a call, or what there is.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(tag = "state", rename_all = "snake_case")]
pub enum KeptBodies {
    Kept(Bodies),
    /// The organization keeps none.
    Off,
    /// They were deleted, or there were none.
    Gone,
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
        let usual = BodySettings::default();
        assert_eq!((usual.days, usual.limit), (Some(30), 262_144));
        assert!(checked(BodySettings { days: None, ..usual.clone() }).is_ok());
        let redact = [" content ", "content", "metadata.customer", ""].map(str::to_owned).to_vec();
        let chosen = checked(BodySettings { redact, ..usual.clone() }).unwrap();
        assert_eq!(chosen.redact, ["content", "metadata.customer"]);
        for wrong in [
            BodySettings { days: Some(0), ..usual.clone() },
            BodySettings { days: Some(91), ..usual.clone() },
            BodySettings { limit: 1023, ..usual.clone() },
            BodySettings { redact: vec!["a..b".to_owned()], ..usual.clone() },
            BodySettings { redact: (0..101).map(|number| number.to_string()).collect(), ..usual },
        ] {
            assert!(checked(wrong.clone()).is_err(), "{wrong:?}");
        }
    }
}
