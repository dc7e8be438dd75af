//! Calls: the finest grain of usage, one row in Logs each.

mod store;

use std::{fmt, str::FromStr};

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::{
    api_keys::ProjectRef,
    ids::{ApiKeyId, CallId},
    models::Service,
    money::{Money, Parts, Price, Quantities},
    text::from_text,
    time::Timestamp,
    usage::{Filter, Range},
};

pub use self::store::KnownCalls;

/// How a call ended.
#[derive(Clone, Copy, Debug, Deserialize, Eq, Hash, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// Answered.
    Succeeded,
    /// The upstream failed, or refused it.
    Failed,
    /// Turned away here, before any upstream saw it; never charged, and not counted as a call.
    Refused,
    /// Cut off before its end.
    Interrupted,
}

impl Outcome {
    pub const ALL: [Self; 4] = [Self::Succeeded, Self::Failed, Self::Refused, Self::Interrupted];

    pub const fn name(self) -> &'static str {
        match self {
            Self::Succeeded => "succeeded",
            Self::Failed => "failed",
            Self::Refused => "refused",
            Self::Interrupted => "interrupted",
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
            .ok_or_else(|| "An outcome is succeeded, failed, refused or interrupted.".to_owned())
    }
}

/// Which outcomes to list.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub enum OutcomeFilter {
    /// Failed or interrupted: what the figures of usage call errors.
    Errors,
    Only(Outcome),
}

impl OutcomeFilter {
    /// In the order they are offered.
    pub const ALL: [Self; 5] = [
        Self::Only(Outcome::Succeeded),
        Self::Errors,
        Self::Only(Outcome::Failed),
        Self::Only(Outcome::Interrupted),
        Self::Only(Outcome::Refused),
    ];

    pub const fn name(self) -> &'static str {
        match self {
            Self::Errors => "errors",
            Self::Only(outcome) => outcome.name(),
        }
    }

    /// The outcomes that it lets through.
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

/// Where the counts of a call's tokens come from.
#[derive(Clone, Copy, Debug, Default, Deserialize, Eq, Hash, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Measured {
    /// The provider reported them.
    Reported,
    /// The provider reported them, and they contradict each other: which of them holds, a rule said (docs/gateway.md, "Usage").
    Contradictory,
    /// The provider reported none, so they were counted here, by a tokenizer that need not be the model's.
    Estimated,
    /// Nobody reported any: the counts are unknown and shown as such.
    #[default]
    Unknown,
}

impl Measured {
    pub const fn name(self) -> &'static str {
        match self {
            Self::Reported => "reported",
            Self::Contradictory => "contradictory",
            Self::Estimated => "estimated",
            Self::Unknown => "unknown",
        }
    }
}

/// A call's row.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct Call {
    pub id: CallId,
    pub started_at: Timestamp,
    pub project: Option<ProjectRef>,
    pub api_key: Option<ApiKeyRef>,
    pub service: Service,
    /// The path that was called, such as `/v1/chat/completions`.
    pub endpoint: String,
    pub model: String,
    /// The provider that answered; empty where none was asked.
    pub provider: String,
    /// The HTTP status the client was told; 0 where the server stopped while the call ran.
    pub status: u16,
    pub outcome: Outcome,
    /// The code of the error the client was told; empty without one.
    pub error_code: String,
    pub streamed: bool,
    /// How many calls the row stands for: 1, or more where the same refusal came again and again.
    #[serde(default = "once")]
    pub times: u32,
    /// From the request's arrival to the last byte of the answer, in microseconds.
    pub duration_us: i64,
    /// From the request's arrival to the first byte of the answer, in microseconds.
    pub first_byte_us: Option<i64>,
    pub measured: Measured,
    pub used: Quantities,
    /// `None` where no price is known or the tokens aren't: never shown as 0.
    pub cost: Option<Money>,
    /// Parts of the cost that aren't known, and aren't in it.
    #[serde(default)]
    pub unpriced: Parts,
}

const fn once() -> u32 {
    1
}

impl Call {
    /// The status; `None` where the server stopped while the call ran, so that nobody knows what the client was told.
    pub fn known_status(&self) -> Option<u16> {
        (self.status != 0).then_some(self.status)
    }

    /// How long it took, in microseconds; `None` in the same case.
    pub fn known_duration_us(&self) -> Option<i64> {
        self.known_status().map(|_| self.duration_us)
    }
}

/// A key, as a call names it.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct ApiKeyRef {
    pub id: ApiKeyId,
    pub name: String,
    pub masked: String,
}

/// A call with the price that was applied.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct CallDetails {
    pub call: Call,
    pub price: Option<Price>,
    /// Who made the key that was used.
    pub member: Option<String>,
}

/// Which calls to list, newest first.
#[derive(Clone, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
#[serde(deny_unknown_fields, default)]
pub struct CallQuery {
    /// Started within these days; `None` for any.
    pub range: Option<Range>,
    /// The IANA time zone whose days those are; `None` for the organization's.
    pub time_zone: Option<String>,
    /// Started at or after.
    pub from: Option<Timestamp>,
    /// Started before.
    pub to: Option<Timestamp>,
    #[serde(flatten)]
    pub filter: Filter,
    pub outcome: Option<OutcomeFilter>,
    /// Only those before this one: the last id of the page before.
    pub before: Option<CallId>,
}

/// Calls on one page.
pub const PAGE_SIZE: u32 = 50;

/// A page of calls.
#[derive(Clone, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
pub struct CallPage {
    pub calls: Vec<Call>,
    /// Whether there are more after the last one.
    pub more: bool,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn outcomes_are_filtered_by_their_names() {
        for filter in OutcomeFilter::ALL {
            assert_eq!(filter.to_string().parse(), Ok(filter));
            assert!(
                filter
                    .outcomes()
                    .iter()
                    .all(|outcome| filter == OutcomeFilter::Errors || filter.name() == outcome.name())
            );
        }
        assert!("lost".parse::<OutcomeFilter>().is_err());
    }
}
