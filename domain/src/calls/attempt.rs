//! Attempts to get a call's answer from providers.

use serde::{Deserialize, Serialize};

/// Maximum number of attempts that are stored of a call.
pub const MAX_STORED_ATTEMPTS: usize = 20;

/// The result of one attempt.
#[derive(Clone, Copy, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum CallAttemptOutcome {
    /// The provider answered, with the status in [`CallAttempt::status`].
    Answered,
    /// The provider couldn't be reached.
    Unreached,
    /// The provider was reached, and sent no answer in time or closed the connection.
    Silent,
    /// The provider wasn't asked, since it had failed too often before.
    Skipped,
    /// The call was cut off, since its key leaked.
    Interrupted,
    /// A result that a later version has added.
    #[default]
    #[serde(other)]
    Other,
}

/// One attempt of a call that took several.
#[derive(Clone, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
#[serde(default)]
pub struct CallAttempt {
    pub provider: String,
    pub outcome: CallAttemptOutcome,
    /// HTTP status of the provider's answer; `None` without one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub status: Option<u16>,
    /// Microseconds from the request's arrival to the attempt.
    pub begin_us: i64,
    /// Microseconds from the attempt to the head of its answer, or to its failure.
    pub duration_us: i64,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_attempt_is_read_as_it_was_written_and_a_later_versions_result_as_another() {
        let attempt = CallAttempt {
            provider: "a".to_owned(),
            outcome: CallAttemptOutcome::Answered,
            status: Some(503),
            begin_us: 5,
            duration_us: 7,
        };
        let json = serde_json::to_string(&attempt).unwrap();
        assert_eq!(json, r#"{"provider":"a","outcome":"answered","status":503,"begin_us":5,"duration_us":7}"#);
        assert_eq!(serde_json::from_str::<CallAttempt>(&json).unwrap(), attempt);
        let later = serde_json::from_str::<CallAttempt>(r#"{"provider":"a","outcome":"hedged"}"#).unwrap();
        assert_eq!((later.outcome, later.status), (CallAttemptOutcome::Other, None));
    }
}
