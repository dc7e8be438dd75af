//! How calls ended. Calls are listed by it, and usage is filtered by it.

use std::{fmt, str::FromStr};

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::text::from_text;

/// The outcome of a call.
#[derive(Clone, Copy, Debug, Deserialize, Eq, Hash, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// Answered.
    Succeeded,
    /// Failed at or rejected by the provider.
    Failed,
    /// Rejected by the gateway before any provider was asked; never charged, and not counted as a call.
    Refused,
    /// Cut off before its end.
    Interrupted,
}

impl Outcome {
    /// All outcomes.
    pub const ALL: [Self; 4] = [Self::Succeeded, Self::Failed, Self::Refused, Self::Interrupted];

    /// The outcome's name in addresses, the API and the database.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Succeeded => "succeeded",
            Self::Failed => "failed",
            Self::Refused => "refused",
            Self::Interrupted => "interrupted",
        }
    }

    /// The outcome as people read it.
    pub const fn label(self) -> &'static str {
        match self {
            Self::Succeeded => "Succeeded",
            Self::Failed => "Failed",
            Self::Refused => "Rejected",
            Self::Interrupted => "Interrupted",
        }
    }
}

impl fmt::Display for Outcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl FromStr for Outcome {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        Self::ALL
            .into_iter()
            .find(|outcome| outcome.name() == text)
            .ok_or_else(|| "Must be succeeded, failed, refused or interrupted.".to_owned())
    }
}

/// A filter of outcomes.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub enum OutcomeFilter {
    /// Failed or interrupted calls, which usage reports count as errors.
    Errors,
    /// Calls with this outcome.
    Only(Outcome),
}

impl OutcomeFilter {
    /// All filters, in the order in which they are offered.
    pub const ALL: [Self; 5] = [
        Self::Only(Outcome::Succeeded),
        Self::Errors,
        Self::Only(Outcome::Failed),
        Self::Only(Outcome::Interrupted),
        Self::Only(Outcome::Refused),
    ];

    /// The filter's name in addresses.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Errors => "errors",
            Self::Only(outcome) => outcome.name(),
        }
    }

    /// Outcomes that match the filter.
    pub const fn outcomes(self) -> &'static [Outcome] {
        match self {
            Self::Errors => &[Outcome::Failed, Outcome::Interrupted],
            Self::Only(Outcome::Succeeded) => &[Outcome::Succeeded],
            Self::Only(Outcome::Failed) => &[Outcome::Failed],
            Self::Only(Outcome::Refused) => &[Outcome::Refused],
            Self::Only(Outcome::Interrupted) => &[Outcome::Interrupted],
        }
    }
}

impl fmt::Display for OutcomeFilter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl FromStr for OutcomeFilter {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        if text == Self::Errors.name() { Ok(Self::Errors) } else { text.parse().map(Self::Only) }
    }
}

impl Serialize for OutcomeFilter {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.name())
    }
}

impl<'de> Deserialize<'de> for OutcomeFilter {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        from_text(deserializer)
    }
}
