//! A call on its way, and what is kept of it when it is over.

use std::{borrow::Cow, sync::Arc};

use domain::{
    calls::{Measured, Outcome},
    ids::{CallId, PriceId},
    money::{Money, Price, Quantities},
    time::Timestamp,
};
use services::{
    ServiceResult, Services,
    api_keys::directory::KeyRecord,
    metering::{CallRecord, new_call_id},
};
use tokio::time::Instant;

use super::{endpoint::Endpoint, offers::Offer, refusal::Refusal, running::Lifeline};

/// When and where a call came in.
#[derive(Debug)]
pub(super) struct Arrival {
    pub(super) id: CallId,
    pub(super) endpoint: Endpoint,
    started_at: Timestamp,
    pub(super) instant: Instant,
}

impl Arrival {
    pub(super) fn new(services: &Services, endpoint: Endpoint) -> ServiceResult<Self> {
        let started_at = services.now();
        Ok(Self { id: new_call_id(started_at)?, endpoint, started_at, instant: Instant::now() })
    }

    /// Microseconds since then.
    pub(super) fn elapsed_us(&self) -> i64 {
        i64::try_from(self.instant.elapsed().as_micros()).unwrap_or(i64::MAX)
    }

    /// What is kept of a call that was turned away: it costs nothing. `model` is one on offer, or empty.
    pub(super) fn refused(&self, key: &KeyRecord, model: Arc<str>, refusal: &Refusal) -> CallRecord {
        CallRecord {
            model,
            status: refusal.status.as_u16(),
            outcome: Outcome::Refused,
            cost: Some(Money::ZERO),
            error_code: Cow::Borrowed(refusal.code),
            ..self.record(key)
        }
    }

    /// What is known before anybody is asked.
    fn record(&self, key: &KeyRecord) -> CallRecord {
        CallRecord {
            id: self.id,
            organization_id: key.organization.id,
            time_zone: key.organization.time_zone,
            project_id: key.project_id,
            api_key_id: key.api_key_id,
            secret_id: key.secret_id,
            member_id: key.member_id,
            started_at: self.started_at,
            model: Arc::default(),
            service: self.endpoint.service(),
            endpoint: Cow::Borrowed(self.endpoint.path()),
            provider: Arc::default(),
            status: 0,
            outcome: Outcome::Failed,
            streamed: false,
            times: 1,
            measured: Measured::Unknown,
            used: Quantities::default(),
            cost: None,
            price_id: None,
            duration_us: self.elapsed_us(),
            first_byte_us: None,
            error_code: Cow::Borrowed(""),
        }
    }
}

/// A call that was let in.
pub(super) struct Call {
    pub(super) arrival: Arrival,
    pub(super) key: Arc<KeyRecord>,
    pub(super) offer: Arc<Offer>,
    /// The price of the moment it arrived.
    pub(super) price: Option<(PriceId, Price)>,
    pub(super) lifeline: Lifeline,
}

/// How a call ended.
#[derive(Debug)]
pub(super) struct End {
    pub(super) provider: Arc<str>,
    /// What the client was told.
    pub(super) status: u16,
    pub(super) outcome: Outcome,
    pub(super) streamed: bool,
    /// What the provider reported, if it did.
    pub(super) used: Option<Quantities>,
    /// Whether nobody can have charged anything, as long as no usage was reported.
    pub(super) free: bool,
    pub(super) first_byte_us: Option<i64>,
    pub(super) error_code: Cow<'static, str>,
}

impl Call {
    /// What is kept of it. Where nothing was reported the cost isn't known, which is another thing than nothing.
    pub(super) fn record(&self, end: End) -> CallRecord {
        let (cost, price_id) = match (end.used, self.price) {
            (Some(used), Some((id, price))) => (Some(price.cost(used)), Some(id)),
            (None, _) if end.free => (Some(Money::ZERO), None),
            _ => (None, None),
        };
        CallRecord {
            model: Arc::clone(&self.offer.name),
            provider: end.provider,
            status: end.status,
            outcome: end.outcome,
            streamed: end.streamed,
            measured: if end.used.is_some() { Measured::Reported } else { Measured::Unknown },
            used: end.used.unwrap_or_default(),
            cost,
            price_id,
            first_byte_us: end.first_byte_us,
            error_code: end.error_code,
            ..self.arrival.record(&self.key)
        }
    }
}
