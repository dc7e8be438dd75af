//! Stores calls and their rollups, durably and exactly once.
//!
//! A call and its three rollups are written in one transaction, so that nothing has to be reconciled later.
//! The gateway hands calls to the [`Meter`], which writes them to its journal on this machine's disk, from
//! where they are stored in groups; bulk imports use [`store`] in transactions of their own.

mod journal;
mod latency;
mod meter;
mod open_call;
mod recorder;
mod registry;
mod rollup;
mod rows;
mod series;
mod store;
mod storer;
pub mod upkeep;

use std::{borrow::Cow, sync::Arc};

use chrono_tz::Tz;
use domain::{
    bodies::BodyExclusion,
    calls::{CallAttempt, CallRejection, CallTags, CountSource, Outcome},
    ids::{ApiKeyId, CallId, OrganizationId, PriceId, ProjectId, SecretId, UserId},
    models::Service,
    money::{Money, PriceParts, Quantities},
    time::Timestamp,
};
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

pub use self::open_call::OpenCall;
pub use journal::{JournalSettings, MeterStatus};
pub use meter::Meter;
pub(crate) use meter::ReadBarrier;
pub use registry::{AbandonedJournal, abandoned_journals};
pub use series::{NewSeries, SeriesCache};
pub use store::store;

use crate::random;

/// Maximum number of tokens of one kind in a call; a report of more is an error and counts as none.
///
/// 2³¹ is a thousand times what any model accepts, and small enough that a rollup's sum never overflows 64
/// bits.
pub const MAX_TOKENS: i64 = 1 << 31;

/// The record of a finished call.
///
/// The journal holds it as JSON, which later versions must be able to read, so new fields need
/// `#[serde(default)]`. Fields that a call lacks at its start are skipped, since that record is written
/// before each call proceeds.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub struct CallRecord {
    pub id: CallId,
    pub organization_id: OrganizationId,
    /// Time zone of the organization, whose days are those of the daily rollups.
    #[serde(serialize_with = "serialize_zone", deserialize_with = "deserialize_zone")]
    pub time_zone: Tz,
    /// `None` for a key that belongs to no project.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub project_id: Option<ProjectId>,
    pub api_key_id: ApiKeyId,
    pub secret_id: SecretId,
    /// Member who created the key.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub member_id: Option<UserId>,
    /// Start of the call, which determines its bucket, price and billing cycle.
    pub started_at: Timestamp,
    /// Requested model; empty where it isn't offered.
    pub model: Arc<str>,
    pub service: Service,
    /// Path of the request, such as `/v1/chat/completions`.
    pub endpoint: Cow<'static, str>,
    /// Provider that answered; empty where none was asked.
    pub provider: Arc<str>,
    /// HTTP status sent to the client.
    pub status: u16,
    pub outcome: Outcome,
    pub streamed: bool,
    /// Number of calls that the record stands for: 1, or more for a rejection that was repeated.
    pub times: u32,
    /// Source of `used`.
    pub measured: CountSource,
    #[serde(default, skip_serializing_if = "Quantities::is_none")]
    pub used: Quantities,
    /// `None` where the cost is unknown. A call that is certainly free has a cost of zero.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cost: Option<Money>,
    /// Parts that the cost leaves out, since they have no price.
    #[serde(default, skip_serializing_if = "PriceParts::is_empty")]
    pub unpriced: PriceParts,
    /// Version of the price that was applied.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub price_id: Option<PriceId>,
    /// Microseconds from the request's arrival to the last byte of the answer.
    pub duration_us: i64,
    /// Microseconds from the request's arrival to the first byte of the answer.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub first_byte_us: Option<i64>,
    /// Code of the error sent to the client; empty without one.
    pub error_code: Cow<'static, str>,
    /// Why the call was rejected, if it was.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rejection: Option<CallRejection>,
    /// Tags that the client gave the call.
    #[serde(default, skip_serializing_if = "CallTags::is_empty")]
    pub tags: CallTags,
    /// Request ID that the client gave the call (`x-client-request-id`), if it did.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub client_request_id: Option<String>,
    /// Attempts with providers, if there were several.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub attempts: Vec<CallAttempt>,
    /// Why no bodies of the call are stored, if they were kept out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub body_exclusion: Option<BodyExclusion>,
}

impl CallRecord {
    /// Whether its cost, or a part of it, is missing from the spend. A refused call never has a cost.
    fn is_unpriced(&self) -> bool {
        (self.cost.is_none() || !self.unpriced.is_empty()) && self.outcome != Outcome::Refused
    }
}

/// Makes an id for a call that starts `now`.
pub fn new_call_id(now: Timestamp) -> CallId {
    CallId::new(random::quick_uuid(now))
}

fn serialize_zone<S: Serializer>(zone: &Tz, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(zone.name())
}

fn deserialize_zone<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Tz, D::Error> {
    Cow::<str>::deserialize(deserializer)?.parse().map_err(de::Error::custom)
}
