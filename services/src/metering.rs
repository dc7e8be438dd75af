//! Stores calls and their rollups, durably and exactly once.
//!
//! A call and the three rollups it belongs to are written in one transaction,
//! so that nothing has to be reconciled later. The gateway hands calls to the
//! [`Meter`], which writes them to its journal on this machine's disk, from
//! where they are stored in groups; what has calls in bulk uses [`store`] in
//! transactions of its own.

mod journal;
mod latency;
mod meter;
mod open_call;
mod rollup;
mod rows;
mod series;
mod store;
mod storer;

use std::{borrow::Cow, sync::Arc};

use chrono_tz::Tz;
use domain::{
    calls::{Measured, Outcome},
    ids::{ApiKeyId, CallId, OrganizationId, PriceId, ProjectId, SecretId, UserId},
    models::Service,
    money::{Money, Parts, Quantities},
    time::Timestamp,
};
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

pub use self::open_call::Open;
pub use journal::{JournalSettings, MeterStatus};
pub use latency::{LATENCY_BINS, LATENCY_BOUNDS_MS};
pub use meter::Meter;
pub(crate) use meter::Settling;
pub use series::{NewSeries, SeriesCache};
pub use store::store;

use crate::random;

/// Most tokens of one kind that a single call can have used; a report of more is a mistake and counts as none.
///
/// 2³¹: a thousand times what any model takes, and small enough that a rollup's sum never leaves 64 bits.
pub const MOST_TOKENS: i64 = 1 << 31;

/// A call that is over, with all that is kept of it.
///
/// The journal holds it as JSON, which a later version must still be able to read: what is added takes `#[serde(default)]`.
/// What a call that begins doesn't have yet isn't written down, since that is done before each call goes on.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub struct CallRecord {
    pub id: CallId,
    pub organization_id: OrganizationId,
    /// The organization's, whose days the daily rollups are.
    #[serde(serialize_with = "zone_name", deserialize_with = "zone_of_name")]
    pub time_zone: Tz,
    /// `None` for a key that belongs to no project.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub project_id: Option<ProjectId>,
    pub api_key_id: ApiKeyId,
    pub secret_id: SecretId,
    /// Who made the key.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub member_id: Option<UserId>,
    /// The moment the call belongs to: its bucket, price and cycle.
    pub started_at: Timestamp,
    /// Empty where no offered model was asked for.
    pub model: Arc<str>,
    pub service: Service,
    /// The path that was called, such as `/v1/chat/completions`.
    pub endpoint: Cow<'static, str>,
    /// Who answered; empty where nobody was asked.
    pub provider: Arc<str>,
    /// The HTTP status the client was told.
    pub status: u16,
    pub outcome: Outcome,
    pub streamed: bool,
    /// How many calls it stands for: 1, or more where the same refusal came again and again.
    pub times: u32,
    /// Where `used` comes from.
    pub measured: Measured,
    #[serde(default, skip_serializing_if = "Quantities::is_none")]
    pub used: Quantities,
    /// `None` where it isn't known. A call that certainly costs nothing has a cost of zero.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cost: Option<Money>,
    /// Parts of the cost that aren't known, and aren't in it.
    #[serde(default, skip_serializing_if = "Parts::is_empty")]
    pub unpriced: Parts,
    /// The price that was applied.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub price_id: Option<PriceId>,
    /// From the request's arrival to the last byte of the answer, in microseconds.
    pub duration_us: i64,
    /// From the request's arrival to the first byte of a streamed answer, in microseconds.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub first_byte_us: Option<i64>,
    /// The code of the error the client was told; empty without one.
    pub error_code: Cow<'static, str>,
}

impl CallRecord {
    /// Whether its cost, or a part of it, is missing from the spend. A refused call never has one.
    fn is_unpriced(&self) -> bool {
        (self.cost.is_none() || !self.unpriced.is_empty()) && self.outcome != Outcome::Refused
    }
}

/// An id for a call that starts `now`.
pub fn new_call_id(now: Timestamp) -> CallId {
    CallId::new(random::quick_uuid(now))
}

fn zone_name<S: Serializer>(zone: &Tz, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(zone.name())
}

fn zone_of_name<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Tz, D::Error> {
    Cow::<str>::deserialize(deserializer)?.parse().map_err(de::Error::custom)
}
