//! Calls: the finest grain of usage, each a row in Logs.

mod activity;
mod attempt;
mod columns;
mod facets;
mod rejection;
mod replay;
mod retention;
mod search_text;
mod store;
mod tags;

use serde::{Deserialize, Serialize};

use crate::{
    bodies::BodyExclusion,
    ids::{ApiKeyId, CallId},
    models::Service,
    money::{Money, Price, PriceParts, Quantities},
    projects::ProjectRef,
    time::Timestamp,
    usage::{Filter, Range},
};

pub use self::{
    activity::{CallActivity, CallCounts, CallMember, CallSuggestions, MAX_BARS},
    attempt::{CallAttempt, CallAttemptOutcome, MAX_STORED_ATTEMPTS},
    columns::LogColumn,
    facets::{Facet, FacetValue, Facets},
    rejection::{CallRejection, RejectionRule},
    replay::CallReplay,
    retention::{CALL_DAYS, CallRetention, DEFAULT_CALL_DAYS},
    search_text::{
        CompletionOption, SearchCompletion, SearchNames, SearchQualifier, SearchText, SearchTextError, format_millis,
        parse_millis,
    },
    store::CallStore,
    tags::{CallTags, MAX_TAG_VALUE, MAX_TAGS},
};
pub use crate::outcomes::{Outcome, OutcomeFilter};

/// The source of a call's token counts.
#[derive(Clone, Copy, Debug, Default, Deserialize, Eq, Hash, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum CountSource {
    /// The provider reported them.
    Reported,
    /// The provider reported contradictory counts, of which a rule chose one (docs/gateway.md, "Usage").
    Contradictory,
    /// The provider reported none, so the gateway counted with a tokenizer, which need not be the model's.
    Estimated,
    /// Neither reported nor estimated: the counts are unknown and shown as such.
    #[default]
    Unknown,
}

impl CountSource {
    /// The source's name in JSON and exports.
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
    /// Path of the request, such as `/v1/chat/completions`.
    pub endpoint: String,
    /// The model that was asked for; empty if that isn't known.
    pub model: String,
    /// Provider that answered; empty where none was asked.
    pub provider: String,
    /// HTTP status sent to the client; 0 where the server stopped while the call ran.
    pub status: u16,
    pub outcome: Outcome,
    /// Code of the error sent to the client; empty without one.
    pub error_code: String,
    pub streamed: bool,
    /// Number of calls that the row stands for: 1, or more for a rejection that was repeated.
    #[serde(default = "default_times")]
    pub times: u32,
    /// Microseconds from the request's arrival to the last byte of the answer.
    pub duration_us: i64,
    /// Microseconds from the request's arrival to the first byte of the answer.
    pub first_byte_us: Option<i64>,
    pub measured: CountSource,
    pub used: Quantities,
    /// `None` where the price or the token counts are unknown; never shown as 0.
    pub cost: Option<Money>,
    /// Parts that the cost leaves out, since they have no price.
    #[serde(default)]
    pub unpriced: PriceParts,
    /// Tags that the client gave the call. Left out where there are none, so that lists of calls don't grow.
    #[serde(default, skip_serializing_if = "CallTags::is_empty")]
    pub tags: CallTags,
}

const fn default_times() -> u32 {
    1
}

impl Call {
    /// The status sent to the client; `None` where the server stopped while the call ran, so that it is
    /// unknown.
    pub fn known_status(&self) -> Option<u16> {
        (self.status != 0).then_some(self.status)
    }

    /// The call's duration in microseconds; `None` where the server stopped while the call ran.
    pub fn known_duration_us(&self) -> Option<i64> {
        self.known_status().map(|_| self.duration_us)
    }
}

/// The key of a call.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct ApiKeyRef {
    pub id: ApiKeyId,
    pub name: String,
    pub masked: String,
}

/// A call with the price that was applied to it.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct CallDetails {
    pub call: Call,
    pub price: Option<Price>,
    /// Name of the member who created the call's key.
    pub member: Option<String>,
    /// Whether the viewing member created the call's key.
    #[serde(default)]
    pub is_own_key: bool,
    /// The request ID that the client gave the call (`x-client-request-id`), if it did.
    #[serde(default)]
    pub client_request_id: Option<String>,
    /// Why the call was rejected, if it was.
    #[serde(default)]
    pub rejection: Option<CallRejection>,
    /// Attempts with providers, if there were several.
    #[serde(default)]
    pub attempts: Vec<CallAttempt>,
    /// Why no bodies of the call are stored, if they were kept out.
    #[serde(default)]
    pub body_exclusion: Option<BodyExclusion>,
}

/// A query for a list of calls, newest first.
#[derive(Clone, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
#[serde(deny_unknown_fields, default)]
pub struct CallQuery {
    /// Days in which the calls started; `None` for any.
    pub range: Option<Range>,
    /// IANA time zone of the range's days; `None` for the organization's.
    pub time_zone: Option<String>,
    /// Earliest start, inclusive.
    pub from: Option<Timestamp>,
    /// Latest start, exclusive.
    pub to: Option<Timestamp>,
    pub filter: Filter,
    pub bounds: CallBounds,
    /// Text in kept bodies, of a range of at most [`MAX_TEXT_SEARCH_DAYS`].
    pub text: Option<String>,
    /// Only calls before this one: the last id of the previous page.
    pub before: Option<CallId>,
}

/// Longest range in whose bodies text is searched, in days.
pub const MAX_TEXT_SEARCH_DAYS: i64 = 7;

/// Bounds of a call's quantities, each `None` for none.
#[derive(Clone, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
#[serde(default)]
pub struct CallBounds {
    /// Cost in US dollars.
    pub cost: Bounds<Money>,
    /// Time to the last byte, in microseconds.
    pub duration_us: Bounds<i64>,
    /// Input and output tokens together.
    pub tokens: Bounds<i64>,
}

/// Least and greatest value, both included.
#[derive(Clone, Copy, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
#[serde(default)]
pub struct Bounds<T> {
    pub min: Option<T>,
    pub max: Option<T>,
}

/// Maximum length of the request ID that a client gives a call, in bytes. Source: OpenAI's API reference, "Debugging
/// requests".
pub const MAX_CLIENT_REQUEST_ID: usize = 512;

/// Maximum number of calls on a page.
pub const PAGE_SIZE: u32 = 50;

/// A page of calls.
#[derive(Clone, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
pub struct CallPage {
    pub calls: Vec<Call>,
    /// Whether there are calls after the last one.
    pub more: bool,
    /// The moment from which calls are kept, if the query includes earlier ones.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub kept_since: Option<Timestamp>,
    /// The id down to which calls were looked at before the time was over, if the page isn't full for that reason. The
    /// query with it as `before` goes on from there.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stopped_at: Option<CallId>,
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
